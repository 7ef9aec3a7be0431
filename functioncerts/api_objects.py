"""The API of function objects: what there is, when it ends, and the tags it is found by (POR-10)."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ca.environments import Environment
from functioncerts import policies, selectors, setup
from functioncerts.api_base import ExactForm, ScopedView, actor_of, exactly, now
from functioncerts.errors import Refused
from functioncerts.inventory import Ends, InventoryRow, Search, find, row_of
from functioncerts.models import FunctionKind, TokenScope
from functioncerts.states import FunctionObjectState
from functioncerts.validated import valid_names


class ObjectView(serializers.Serializer[object]):
    """A function object with what it has."""

    hsa_id = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=[one.value for one in FunctionKind])
    state = serializers.ChoiceField(choices=[one.value for one in FunctionObjectState])
    organization = serializers.CharField(help_text="HSA-id")
    unit = serializers.CharField(allow_blank=True, help_text="HSA-id, or empty")
    environment = serializers.ChoiceField(choices=[one.value for one in Environment])
    mailbox = serializers.CharField(allow_blank=True)
    tags = serializers.ListField(child=serializers.CharField())
    certificates = serializers.IntegerField(help_text="active certificates")
    first_ends = serializers.DateTimeField(allow_null=True)


class OneObjectView(ObjectView):
    """A function object with the names that it may be certified for."""

    names = serializers.ListField(child=serializers.CharField())


class ObjectPageView(serializers.Serializer[object]):
    """One page of objects; `after` is the key of the next page, empty at the end."""

    function_objects = ObjectView(many=True)
    after = serializers.CharField(allow_blank=True)


class ObjectQuery(ExactForm):
    """What the list of objects is asked with."""

    q = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=120,
        help_text="a part of the name or of a validated name, or an HSA-id",
    )
    kind = serializers.ChoiceField(
        choices=[one.value for one in FunctionKind], required=False, allow_blank=True
    )
    state = serializers.ChoiceField(
        choices=[one.value for one in FunctionObjectState], required=False, allow_blank=True
    )
    tag = serializers.CharField(required=False, allow_blank=True, max_length=40)
    ends = serializers.ChoiceField(choices=[one.value for one in Ends], required=False, allow_blank=True)
    after = serializers.CharField(
        required=False, allow_blank=True, max_length=32, help_text="the key of the page before"
    )


class TagsForm(ExactForm):
    """The words that an object is found by, all of them."""

    tags = serializers.ListField(child=serializers.CharField(max_length=40), max_length=setup.MOST_TAGS)


class FunctionObjects(ScopedView):
    """The inventory."""

    @extend_schema(
        operation_id="function_objects_list",
        parameters=[ObjectQuery],
        responses=ObjectPageView,
    )
    def get(self, request: Request) -> Response:
        """List the function objects in scope by HSA-id, a page at a time."""
        actor, asked = actor_of(request), exactly(ObjectQuery(data=request.query_params))
        if (refusal := policies.may_find(actor)) is not None:
            raise Refused(refusal)
        search = Search(
            text=asked.get("q", ""),
            kind=asked.get("kind", ""),
            state=asked.get("state", ""),
            tag=asked.get("tag", ""),
            ends=asked.get("ends", ""),
        )
        page = find(search, actor=actor, at=now(), after=asked.get("after", ""))
        return Response({"function_objects": [_short(row) for row in page.rows], "after": page.after})


class OneFunctionObject(ScopedView):
    """One function object."""

    @extend_schema(operation_id="function_objects_read", responses=OneObjectView)
    def get(self, request: Request, hsa_id: str) -> Response:
        """Return the object with its validated names."""
        return Response(_full(request, hsa_id))


class Tags(ScopedView):
    """The tags of one function object."""

    scopes: ClassVar = {"PUT": TokenScope.MANAGE}

    @extend_schema(operation_id="function_objects_tags", request=TagsForm, responses=OneObjectView)
    def put(self, request: Request, hsa_id: str) -> Response:
        """Set the tags: all of them, in the place of those there were."""
        one = selectors.get_function_object(hsa_id, actor=actor_of(request))
        data = exactly(TagsForm(data=request.data))
        setup.set_tags(one, tags=data["tags"], actor=actor_of(request), at=now())
        return Response(_full(request, hsa_id))


def _full(request: Request, hsa_id: str) -> dict[str, object]:
    actor, at = actor_of(request), now()
    one = selectors.get_listed_object(hsa_id, actor=actor)
    return {**_short(row_of(one, at=at)), "names": valid_names(one, at=at)}


def _short(row: InventoryRow) -> dict[str, object]:
    one = row.function_object
    return {
        "hsa_id": one.hsa_id,
        "name": one.name,
        "kind": one.kind,
        "state": one.state,
        "organization": one.organization.hsa_id,
        "unit": one.unit.hsa_id if one.unit else "",
        "environment": one.environment,
        "mailbox": one.mailbox,
        "tags": row.tags,
        "certificates": row.certificates,
        "first_ends": row.ends_at,
    }
