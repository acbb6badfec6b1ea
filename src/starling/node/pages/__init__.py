"""The dashboard: pages that the node itself writes, for a browser in the ward; nothing is fetched from elsewhere.

    door      who is there: signing in and out, the token against forged requests, errors as pages
    reception people who sign in with a provider
    views     what a visit to each address shows or does: worklist, patient, job, people, ...
    forms     what was filled in -> values, or what is wrong with it, field by field
    words     what states and events are called      frame     templates      assets    style sheet, script, icon

Every page goes through the methods of `starling.node.service`, which decide who may and record what was done; what is
said of genes and drugs is said by `starling.report` alone.  Pages work without a script; htmx saves loading them whole.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from starling.node.pages import frame
from starling.node.pages.door import Door
from starling.node.pages.views import served
from starling.node.service import Node
from starling.node.uploads import Uploads

__all__ = ["nowhere", "routes"]


def routes(node: Node, uploads: Uploads) -> list[Route]:
    """The addresses of the dashboard of a node.  `uploads`: where files are sealed while they arrive."""
    return served(Door(node), uploads)


def nowhere(request: Request) -> Response:
    """The page for an address at which there is none, whoever asks."""
    return frame.page(request, frame.written("nowhere.html"), 404)
