"""The register in the admin, set up by someone who knows it: related rows joined, long choices looked up."""

from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from bench.django_admin.models import Account, Contact, Distributor, Phone, Territory


class _Lines(admin.TabularInline):
    def get_extra(self, request: HttpRequest, obj: Distributor | None = None, **kwargs: object) -> int:
        """One empty line on the page for a new record, none on an old one."""
        return 0 if obj else 1


class PhoneLines(_Lines):
    model = Phone


class ContactLines(_Lines):
    model = Contact


@admin.register(Account)
class AccountAdmin(admin.ModelAdmin):
    search_fields: ClassVar = ["name", "username"]


@admin.register(Territory)
class TerritoryAdmin(admin.ModelAdmin):
    search_fields: ClassVar = ["name"]


@admin.register(Distributor)
class DistributorAdmin(admin.ModelAdmin):
    list_display: ClassVar = [
        "code",
        "name",
        "level",
        "region",
        "owner",
        "standing",
        "city",
        "telephone",
        "updated_at",
    ]
    list_display_links: ClassVar = ["code", "name"]
    list_select_related: ClassVar = ["region", "owner"]
    list_per_page = 50
    list_filter: ClassVar = ["region", "level", "standing"]
    search_fields: ClassVar = ["code", "name", "short_name"]
    autocomplete_fields: ClassVar = ["parent", "territory", "owner"]
    readonly_fields: ClassVar = ["created_at", "updated_at"]
    inlines: ClassVar = [PhoneLines, ContactLines]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Distributor]:
        """With the numbers, for the list's column."""
        return super().get_queryset(request).prefetch_related("phones")

    @admin.display(description="电话")
    def telephone(self, distributor: Distributor) -> str:
        """The first number."""
        return next((phone.display for phone in distributor.phones.all()), "—")

    def save_model(self, request: HttpRequest, obj: Distributor, form: ModelForm, change: bool) -> None:
        """Keep the columns that are compared; no search index, no look-alikes, no code of a series."""
        obj.code_key, obj.name_key = obj.code.upper(), obj.name
        super().save_model(request, obj, form, change)
