"""The portal's tables as Django sees them; it never makes or changes them."""

from typing import ClassVar

from django.db import models

LEVELS = [("general", "一级经销商"), ("second_tier", "二级经销商"), ("retailer", "终端门店")]
CHANNELS = [("direct", "直营"), ("agent", "代理"), ("distributor", "经销"), ("e_commerce", "电商")]
STANDINGS = [
    ("prospect", "意向"),
    ("active", "合作中"),
    ("suspended", "暂停"),
    ("eliminating", "淘汰中"),
    ("eliminated", "已淘汰"),
]


def _text(label: str, length: int, **options: object) -> models.CharField:
    return models.CharField(label, max_length=length, **options)


def _maybe(label: str, length: int) -> models.CharField:
    return models.CharField(label, max_length=length, blank=True, default="")


class Region(models.Model):
    name = _text("名称", 60)
    path = _text("路径", 200)

    class Meta:
        managed = False
        db_table = "region"
        ordering: ClassVar = ["path"]

    def __str__(self) -> str:
        return self.name


class Account(models.Model):
    username = _text("用户名", 60)
    name = _text("姓名", 60)

    class Meta:
        managed = False
        db_table = "user_account"
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Territory(models.Model):
    region = models.ForeignKey(Region, models.PROTECT)
    name = _text("名称", 200)

    class Meta:
        managed = False
        db_table = "territory"
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Distributor(models.Model):
    code = _text("编码", 40)
    code_key = _text("编码", 40, editable=False)
    name = _text("名称", 100)
    short_name = _maybe("简称", 40)
    name_en = _maybe("英文名称", 120)
    name_key = _text("名称", 100, editable=False)
    uscc = _maybe("统一社会信用代码", 18)
    legal_rep = _maybe("法定代表人", 40)
    level = _text("级别", 40, choices=LEVELS, default="general")
    channel = _text("渠道", 40, choices=CHANNELS, default="distributor")
    standing = _text("状态", 40, choices=STANDINGS, default="active")
    parent = models.ForeignKey("self", models.PROTECT, verbose_name="上级", null=True, blank=True)
    region = models.ForeignKey(Region, models.PROTECT, verbose_name="办事处")
    territory = models.ForeignKey(Territory, models.PROTECT, verbose_name="区域", null=True, blank=True)
    owner = models.ForeignKey(Account, models.PROTECT, verbose_name="负责人")
    province = _maybe("省", 40)
    city = _maybe("市", 40)
    address = _maybe("地址", 120)
    email = _maybe("邮箱", 120)
    founded_on = models.DateField("成立日期", null=True, blank=True)
    staff = models.IntegerField("员工", null=True, blank=True)
    vehicles = models.IntegerField("车辆", null=True, blank=True)
    outlets = models.IntegerField("网点", null=True, blank=True)
    brands = _maybe("品牌", 300)
    bank_account_name = _maybe("户名", 100)
    bank_name = _maybe("开户行", 60)
    bank_account = _maybe("账号", 40)
    credit_days = models.IntegerField("账期", null=True, blank=True)
    credit_limit_fen = models.IntegerField("信用额度", null=True, blank=True)
    deposit_fen = models.IntegerField("保证金", null=True, blank=True)
    invoice_title = _maybe("发票抬头", 100)
    invoice_address_phone = _maybe("发票地址电话", 200)
    invoice_bank = _maybe("发票开户行", 200)
    note = models.TextField("备注", blank=True, default="", max_length=500)
    created_at = models.DateTimeField("建档", auto_now_add=True)
    updated_at = models.DateTimeField("更新", auto_now=True)
    version = models.IntegerField(default=1, editable=False)

    class Meta:
        managed = False
        db_table = "distributor"
        verbose_name = verbose_name_plural = "经销商"
        ordering: ClassVar = ["code_key"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Phone(models.Model):
    distributor = models.ForeignKey(Distributor, models.CASCADE, related_name="phones")
    no = models.IntegerField("序号", default=0)
    display = _text("号码", 60)
    digits = _maybe("数字", 40)
    extension = _maybe("分机", 12)
    label = _maybe("说明", 40)

    class Meta:
        managed = False
        db_table = "distributor_phone"
        verbose_name = verbose_name_plural = "电话"
        ordering: ClassVar = ["no"]

    def __str__(self) -> str:
        return self.display


class Contact(models.Model):
    distributor = models.ForeignKey(Distributor, models.CASCADE, related_name="contacts")
    name = _text("姓名", 40)
    title = _maybe("职务", 40)
    phone = _maybe("电话", 60)
    email = _maybe("邮箱", 120)
    birthday = _maybe("生日", 20)
    personality = _maybe("性格", 200)
    preferences = _maybe("喜好", 200)
    is_primary = models.BooleanField("主要联系人", default=False)
    ended_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        managed = False
        db_table = "contact"
        verbose_name = verbose_name_plural = "联系人"

    def __str__(self) -> str:
        return self.name
