#!/usr/bin/env python3
"""Make the faces that the papers are printed in, the list of characters they all have, and a colour profile.

Takes Debian's fonts-noto-cjk, fonts-noto-cjk-extra and unicode-data; writes portal/printing/fonts/,
portal/domain/papers/characters.txt and portal/printing/srgb.icc. Run it only to change the set of characters:
the results are kept in the repository, and it takes three minutes.

Plain TrueType: WOFF2 costs a printing program six seconds a paper, and CFF is no smaller. 320 units to the em,
a third of Noto's, make a PDF a quarter smaller; one unit is a third of a dot at 600 dpi and 12 pt, and rounding
moves an edge by half of that at most. No `locl`, since the text's language must not change a letter's shape.
"""

import bz2
import hashlib
import io
from pathlib import Path

import uharfbuzz
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont, newTable
from fontTools.ttLib.scaleUpem import scale_upem
from PIL import ImageCms

ROOT = Path(__file__).resolve().parent.parent
FONTS = ROOT / "portal" / "printing" / "fonts"
CHARACTERS = ROOT / "portal" / "domain" / "papers" / "characters.txt"
PROFILE = ROOT / "portal" / "printing" / "srgb.icc"
NOTO = Path("/usr/share/fonts/opentype/noto")
UNIHAN = Path("/usr/share/unicode/Unihan_OtherMappings.txt.bz2")

UNITS_PER_EM = 320
LATIN_UNITS_PER_EM = 1000
# How far a quadratic curve may be from the cubic one that it stands for, in these units.
MAX_ERROR = 1.0
KEPT_NAMES = (0, 5, 13, 14)  # copyright, version, licence and where it stands
MAXP_FIELDS = (
    "numGlyphs",
    "maxPoints",
    "maxContours",
    "maxCompositePoints",
    "maxCompositeContours",
    "maxTwilightPoints",
    "maxStorage",
    "maxFunctionDefs",
    "maxInstructionDefs",
    "maxStackElements",
    "maxSizeOfInstructions",
    "maxComponentElements",
    "maxComponentDepth",
)

# source collection, face in it, our family, weight name, file
FACES = (
    ("NotoSerifCJK-Regular.ttc", "Noto Serif CJK SC", "Portal Song", "Regular", "portal-song-regular.ttf"),
    ("NotoSerifCJK-Bold.ttc", "Noto Serif CJK SC", "Portal Song", "Bold", "portal-song-bold.ttf"),
    ("NotoSansCJK-Bold.ttc", "Noto Sans CJK SC", "Portal Hei", "Bold", "portal-hei-bold.ttf"),
)

# English needs quotes as narrow as its letters; a Chinese face has them as wide as a hanzi, a Korean one not.
LATIN_FACES = (
    (
        "NotoSerifCJK-Regular.ttc",
        "Noto Serif CJK KR",
        "Portal Song Latin",
        "Regular",
        "portal-latin-regular.ttf",
    ),
    ("NotoSerifCJK-Bold.ttc", "Noto Serif CJK KR", "Portal Song Latin", "Bold", "portal-latin-bold.ttf"),
)
LATIN = {*range(0x20, 0x7F), *range(0xA0, 0x180), 0x2013, 0x2014, 0x2018, 0x2019, 0x201C, 0x201D, 0x2026}

# Characters that stand in names of people and firms although neither GB 2312 nor the 8,105 have them:
# rare, old and traditional forms that are still on licences and identity cards.
NAMES = (
    "喆堃龑洸濛浐㐂𠮷㛃㛹䶮䴙䴘㼆㤘㙍㭎㮾㳇㳘㸆㺄㽏䁖䃅䅟䎃䏝䓖䓛䗖䗛䗪䗴䜣䝙䢺䢼䣘䥽䦃䲟䲠䲢䴓䴔䴕䴖䴗䶊"
    "甯犇骉猋赟贇燚焱淼垚壵珺玥喦頔翀禛祎禕婳嫚姮嫄曌旻昶晟暘彧翾峯陞昇堯瑒瑝璟璠璐瓈珮琍珎玹玘玢琀琇琎琭"
    "瑄瑨瑩瑋瑢璕璣璿瓊瓏珆珒珖珦珧珽琡琚琛琪瑀瑗慜慧惠憙懿忞怡恺愷悦悅愼慎凃塗涂湉滢瀅潆瀠澍潤灝灏洺浛浠浵"
    "淏淯渘渼湜湲溁溍溦滘漪潇瀟澂澐澔濬瀚瀛灃炘炆炜煒烜烨燁焜焱煊煐煜煥熠熹燊燏燿爔爕犨玗珅珂瑈瑠瑯鋆錡錕鍇鎏鏵"
    "鐸鑒鑑鑠鑭釗釧鈞鉅鈺鉑銘銳銶鋐鋒鋕錦鍠鍾鎧鎔鎮鏑鏜鐄鐘鑅鑫钘钖铉锜锳锽镕镡镠镥雒霂霈霖霏靁靂靖靚靜韋韌韜韞韡韵韻"
    "頎頌頊頤頡頣顒顓顗顥顧飔飛馭馳駟駿騄騏騫驊驍驥驤骐骙骞髙魏魯鯤鳯鳳鴻鵬鵾鶴鷹鸞鹍鹏麒麗黃黄黎龍龎龐龔龢龘"
    "亞來倫偉傑傳億儀優兒內劉勁勇勝勛勳匯區協卓單厲參叢吳啟喬嗣嘉嚴國園圓圖團執堅報場塵壽夢奧奮姍娛婭媛嬌嬋嬡孌孫學實寧寬寶"
    "將專對導屆岡峰島崙嶸嶺巖師帥帶幟幫幹廈廠廣廬張強彙彥彬徐從復徵德恆恒慶憲懋應懷戀戰戴擇擧據攀攝敏數斌斐斕時晉晞晝暉暐曄曉曠"
    "書會朮東枬柟桜桿棟棣楊楓業榮槿樂樑樓標樺樹橋橘機檀檢檸櫻權歐歡歲歷歸殷氹氾汎沖沢況泰洁洲浩海淑淵渢湘湯溫滿漢潔澤濟濤濱瀾灣"
    "為烏無煉營爾牆獎獻玖現瑜瑞環璽璧產畢異當發盛盧眞眾睿矚碩確磊祐祖祥祿禎福禮禹禾秋稟穎積穩窩窪竇競筆筱節範築簡籃籌紀純紅級紫"
    "細終組結絲經綠維綱綺綾綿線緒緣緯縈縱總績繁繡繼續纖羅羣義習聖聞聯聰聲職肅脈臨興舉艷芃芙芝花芳芷苒苡若苗茜茵荃莊莉莎莹華萊萬"
    "葉葦葳蒨蒋蓀蓉蓓蔡蔣蔭蕊蕓蕙蕭薇薈薔薩藍藝藥蘇蘊蘭虞號蛟蝶衆術衛裕製西見規視親覺觀訂計訓記許設評詠詢詩詮詳誌誠語誼調論諾謙"
    "謝證識譚譯議護讚豐豔貝貞財貢貨貫貴買費賀資賈賓賜賢賦質賴贊贏趙躍車軍軒軟輝輔輪轉辦農迺這通連進運達遠適選遷邁還邊郁郎郭郝鄒"
    "鄧鄭鄰酈醫釋里重野量長門開閃閆閎閏閑間閔閣閩閱闊關闡闢阡阮陣陳陰陸陽隊隱隴隸雅集雙雞離難雲電霞頂項順須頓預領頻顏願類顯風飯"
    "飲飾養餘馨馬馮駕駱騰驗骏體鮑鮮鯉鱼魚鳥鳴鴛鴨鵑麥麵麼黛點黨齊齡䀹𠅤𠙶𠳐𡎚𡐓𣗋𣲗𣲘𣸣𤧛𤩽𤫉𥔲𥕢𥖨𥻗𦈡𦒍𦙶𦝼𦭜𦰡𧿹𨐈𨙸𨚕𨟠𨭉"
    "𨱇𨱏𨱑𨱔𨺙𩽾𩾃𩾌𪟝𪣻𪤗𪨰𪨶𪩘𪾢𫄧𫄨𫄷𫄸𫇭𫌀𫍣𫍯𫍲𫍽𫐄𫐐𫐓𫑡𫓧𫓯𫓶𫓹𫔍𫔎𫔶𫖮𫖯𫖳𫗧𫗴𫘜𫘝𫘦𫘧𫘨𫘪𫘬𫚕𫚖𫚭𫛭𫞩𫟅𫟦𫟹𫟼𫠆𫠊𫠜𫢸"
)

# What texts hold besides hanzi: inclusive ranges.
# fmt: off
OTHER = (
    (0x20, 0x7E), (0xA0, 0xAC), (0xAE, 0x17F), (0x1CD, 0x1DC), (0x251, 0x251),
    (0x261, 0x261), (0x2C7, 0x2C7), (0x2C9, 0x2CB), (0x2D9, 0x2D9), (0x391, 0x3C9),
    (0x401, 0x451), (0x1E3F, 0x1E3F), (0x2010, 0x2016), (0x2018, 0x201E), (0x2020, 0x2022),
    (0x2025, 0x2027), (0x2030, 0x203C), (0x2044, 0x2044), (0x2070, 0x208E), (0x20AC, 0x20AC),
    (0x2100, 0x214F), (0x2150, 0x2189), (0x2190, 0x2199), (0x2200, 0x22FF), (0x2312, 0x2312),
    (0x2460, 0x24FF), (0x2500, 0x257F), (0x25A0, 0x25FF), (0x2605, 0x2606), (0x2610, 0x2612),
    (0x2640, 0x2642), (0x2713, 0x2713), (0x2776, 0x277F), (0x3000, 0x3030), (0x3041, 0x3096),
    (0x309B, 0x30FF), (0x3105, 0x3129), (0x3220, 0x3243), (0x3280, 0x32B0), (0x3300, 0x33FF),
    (0xFF01, 0xFF5E), (0xFFE0, 0xFFE6),
)
# fmt: on


def wanted() -> set[int]:
    """Gather the code points: GB 2312, the 8,105 通用规范汉字, names, punctuation and Latin."""
    points = {ord(character) for character in NAMES}
    for first in range(0xA1, 0xF8):
        for second in range(0xA1, 0xFF):
            points.update(map(ord, bytes((first, second)).decode("gb2312", "ignore")))
    with bz2.open(UNIHAN, "rt", encoding="utf-8") as lines:
        points.update(int(line.split("\t")[0][2:], 16) for line in lines if "\tkTGH\t" in line)
    for first, last in OTHER:
        points.update(range(first, last + 1))
    return points


def face_of(collection: Path, name: str) -> TTFont:
    """Open one face of a collection by its full family name."""
    for font in TTCollection(str(collection)).fonts:
        if font["name"].getDebugName(1) in (name, f"{name} Bold") or font["name"].getDebugName(16) == name:
            return font
    raise SystemExit(f"{collection} holds no face {name}")


def tags(*names: str) -> set[int]:
    """Write tags as the numbers that HarfBuzz takes."""
    return {int.from_bytes(name.encode("ascii"), "big") for name in names}


def subset(font: TTFont, points: set[int]) -> TTFont:
    """Keep the characters, and of the features those that a line of Chinese uses."""
    buffer = io.BytesIO()
    font.save(buffer)
    request = uharfbuzz.SubsetInput()
    request.sets(uharfbuzz.SubsetInputSets.UNICODE).update(points)
    request.sets(uharfbuzz.SubsetInputSets.NAME_ID).update(KEPT_NAMES)
    features = request.sets(uharfbuzz.SubsetInputSets.LAYOUT_FEATURE_TAG)
    features.clear()
    features.update(tags("ccmp", "kern"))
    request.sets(uharfbuzz.SubsetInputSets.DROP_TABLE_TAG).update(
        tags("DSIG", "VORG", "vhea", "vmtx", "BASE")
    )
    blob = uharfbuzz.subset(uharfbuzz.Face(buffer.getvalue()), request).blob.data
    return TTFont(io.BytesIO(blob))


def to_true_type(font: TTFont, units: int) -> TTFont:
    """Turn cubic outlines into quadratic ones of so many units to the em, nowhere further than MAX_ERROR off.

    Outlines are scaled point by point: in CFF each point stands relative to the last one, and rounding those
    distances, as scaling a CFF table does, adds up until strokes come apart.
    """
    scale = units / font["head"].unitsPerEm
    glyphs = font.getGlyphSet()
    outlines = {}
    for name in font.getGlyphOrder():
        pen = TTGlyphPen(None)
        quadratic = Cu2QuPen(pen, max_err=MAX_ERROR, reverse_direction=True)
        glyphs[name].draw(TransformPen(quadratic, (scale, 0, 0, scale, 0, 0)))
        outlines[name] = pen.glyph(dropImpliedOnCurves=True)
    del font["CFF "]
    scale_upem(font, units)
    font["loca"] = newTable("loca")
    font["glyf"] = glyf = newTable("glyf")
    glyf.glyphOrder = font.getGlyphOrder()
    glyf.glyphs = outlines
    font["maxp"] = maxp = newTable("maxp")
    maxp.tableVersion = 0x00010000
    for field in MAXP_FIELDS:
        setattr(maxp, field, 0)
    maxp.maxZones = 1
    font["post"].formatType = 3
    font.sfntVersion = "\000\001\000\000"
    # Left side bearings follow the new outlines; compiling the glyphs counts the rest.
    for name, glyph in outlines.items():
        glyph.recalcBounds(glyf)
        font["hmtx"][name] = (font["hmtx"][name][0], getattr(glyph, "xMin", 0))
    return font


def rename(font: TTFont, family: str, style: str) -> None:
    """Give the face our own family name; the copyright and the licence stay."""
    post_script = f"{family.replace(' ', '')}-{style}"
    names = font["name"]
    kept = {key: names.getDebugName(key) for key in KEPT_NAMES}
    names.names = []
    ours = {1: family, 2: style, 3: f"{post_script};from Noto CJK", 4: f"{family} {style}", 6: post_script}
    for key, value in {**kept, **ours}.items():
        if value:
            names.setName(value, key, 3, 1, 0x409)
    font["OS/2"].usWeightClass = 700 if style == "Bold" else 400


def build(face: tuple[str, str, str, str, str], points: set[int], units: int) -> TTFont:
    """Write one face."""
    collection, source, family, style, target = face
    font = to_true_type(subset(face_of(NOTO / collection, source), points), units)
    rename(font, family, style)
    # Dates of the day would make every run another file.
    font.recalcTimestamp = False
    font["head"].modified = font["head"].created
    font.save(str(FONTS / target))
    print(f"{target}: {len(font.getBestCmap())} characters, {(FONTS / target).stat().st_size:,} bytes")
    return font


def write_profile() -> None:
    """Write sRGB in 588 bytes, curves as formulas (Little CMS, free of copyright); always the same bytes.

    PDF/A-3 takes ICC 4.2; the date of the day is set to that version's, and the profile has no identifier.
    """
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[8:12] = bytes((4, 0x20, 0, 0))
    profile[24:36] = b"".join(part.to_bytes(2, "big") for part in (2004, 10, 1, 0, 0, 0))
    profile[84:100] = bytes(16)
    PROFILE.write_bytes(profile)


def main() -> None:
    """Write the faces, the list of characters that all of them have, and the colour profile."""
    write_profile()
    points = wanted()
    common = set(points)
    for face in FACES:
        common &= set(build(face, points, UNITS_PER_EM).getBestCmap())
    for face in LATIN_FACES:
        build(face, LATIN, LATIN_UNITS_PER_EM)
    sums = (
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}"
        for path in sorted(FONTS.glob("*.ttf"))
    )
    (FONTS / "SHA256SUMS").write_text("\n".join(sums) + "\n", encoding="ascii")  # what the doctor compares
    sums = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}"
        for file in sorted(FONTS.glob("*.ttf"))
    ]
    (FONTS / "SHA256SUMS").write_text("\n".join(sums) + "\n", encoding="ascii")
    text = "".join(map(chr, sorted(common)))
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    CHARACTERS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    lacking = "".join(chr(point) for point in sorted(points - common) if point > 0x2E80)
    print(f"{len(common)} characters; asked for and not in Noto: {lacking}")


if __name__ == "__main__":
    main()
