"""A dealer list as a manufacturer's system gives it, with every quirk of the real ones; all companies are
fictional.

Three regions, ten columns, CSV with a byte order mark: names with a lone quote or with blanks behind, codes
with a blank, mail addresses in capitals, one row without telephone, numbers with a second one behind a slash
(also the same one twice, or one of another length), with extensions, mobiles, and positions that several
rows share.
"""

HEAD = "大区,省份,城市,经销商编码,经销商名称,地址,电话,邮箱,经度,纬度"
REGIONS = (("华中区", "湖北", "示例市", 81), ("东北区", "辽宁", "样本市", 43), ("南区", "广东", "虚构市", 96))
ROWS = sum(count for _, _, _, count in REGIONS)
_QUIRKS: dict[int, dict[str, str]] = {
    2: {"name": '"""示例二号汽车销售有限公司"'},
    3: {"name": "示例三号汽车销售有限公司  "},
    4: {"phone": ""},
    5: {"phone": "0719-8611666/8611999"},
    6: {"phone": "0591-22660888/22660888"},
    7: {"phone": "0663-8270777/82999777"},
    8: {"phone": "0769-86092888/86092666"},
    9: {"phone": "0769-81899666-802"},
    10: {"phone": "0592-6087888-1"},
    11: {"phone": "13800000051"},
    12: {"code": "A00012 "},
    13: {"mail": "sales@a00013.example "},
    14: {"address": "示例市虚构大道14号（样本区）二区路（快修店）"},
    15: {"address": "示例市虚构大道 15 号 A 栋一、二层"},
    16: {"name": "示例市示例汽车服务有限公司滨北分公司"},
}
_NUMERALS = "零一二三四五六七八九"


def dealer_list() -> bytes:
    """The whole file."""
    lines = [HEAD]
    number = 0
    for region, province, city, count in REGIONS:
        for _ in range(count):
            number += 1
            digits = "".join(_NUMERALS[int(digit)] for digit in f"{number:03d}")
            facts = {
                "code": f"A{number:05d}",
                "name": f"{city}示例{digits}汽车销售有限公司",
                "address": f"{city}虚构大道{number}号",
                "phone": f"0719-8{number:06d}",
                "mail": f"SALES@A{number:05d}.EXAMPLE",
            } | _QUIRKS.get(number, {})
            lines.append(
                f"{region},{province},{city},{facts['code']},{facts['name']},{facts['address']},{facts['phone']},"
                f"{facts['mail']},112.542841901,33.011419569"
            )
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()
