"""The page of the people who may sign in; what a new account needs is shown once and never again."""

from __future__ import annotations

from starlette.responses import Response

from starling.errors import InputError
from starling.node.pages import forms
from starling.node.pages.door import Visit
from starling.node.pages.forms import FormError, Wrong
from starling.node.values import AccountChanged, Enrolled


def shown(visit: Visit) -> Response:
    """Who may sign in."""
    return _page(visit)


def enrolled(visit: Visit) -> Response:
    """A new account."""
    try:
        return _page(visit, new=visit.node.enrol(visit.who, *forms.person(visit.form)))
    except FormError as error:
        return _page(visit, error.wrong)
    except InputError as error:
        return _page(visit, (Wrong("name", error.message[:1].upper() + error.message[1:]),))


def changed(visit: Visit) -> Response:
    """An account is unlocked, disabled, enabled, or has another second factor."""
    try:
        name, change = forms.change(visit.form)
        found = visit.node.change_account(visit.who, name, change)
    except FormError as error:
        return _page(visit, error.wrong)
    except InputError as error:
        if error.code != "BAD_REQUEST":
            raise
        return _page(visit, (Wrong("main", error.message[:1].upper() + error.message[1:]),))
    return _page(visit, done=found)


def _page(
    visit: Visit, wrong: tuple[Wrong, ...] = (), *, new: Enrolled | None = None, done: AccountChanged | None = None
) -> Response:
    accounts, form = visit.node.who_may_log_in(visit.who), {} if new or done else visit.form
    return visit.shown(
        "people.html", status=422 if wrong else 200, accounts=accounts, new=new, changed=done, wrong=wrong, form=form,
        may_enrol=visit.may("account.write"), site=visit.node.settings.site,
    )  # fmt: skip
