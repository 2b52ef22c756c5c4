"""All operations of the HTTP API in one table, from which the OpenAPI document is generated."""

from collections.abc import Mapping

from approvals.about import About
from approvals.rules.choices import ChosenAnswer
from approvals.rules.forms import SubmissionForm
from approvals.rules.state import Status
from approvals.rules.verbs import VERBS, Verb
from clients.attachments import BY, AttachmentReply
from clients.description.described import (
    ANY,
    ARCHIVE,
    FLAG,
    FLAG_SET,
    FORM,
    HTML,
    IF_NONE_MATCH,
    JSON,
    LINES,
    SVG,
    TEXT,
    UNCHANGED,
    Answer,
    Body,
    Json,
    Operation,
    Parameter,
)
from clients.description.operators import OPERATORS
from clients.verbs import acting_names
from clients.web.link_replies import LinkView
from clients.web.replies import AuditReply, PreviewReply, ProposalList, ProposalView, SubmissionReply, VerbReply
from gateways.list_pages import MOST_ROWS

_PROPOSAL = Parameter(name="proposalId", does="The id from the response to the submission.", schema=TEXT)
_FILE = Parameter(name="name", does="The name of the file.", schema=TEXT, example="plan.pdf")
_TOKEN = Parameter(name="token", does="The token at the end of the link in a letter.", schema=TEXT, required=True)

_PERSON = 401, 403
_FILTERS = (
    Parameter(
        name="status", does="Only proposals with this status.", schema={"enum": list(Status)}, example="inReview"
    ),
    Parameter(
        name="approver",
        does="Only proposals that wait for this person's answer.",
        schema=TEXT,
        example="Mara Lindqvist",
    ),
    Parameter(name="author", does="Only proposals by this author.", schema=TEXT, example="Ines Carvalho"),
    Parameter(
        name="top",
        does="The number of proposals per page.",
        schema={"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": 20},
        example="50",
    ),
    Parameter(name="continuationToken", does="The token from the page before, with the same filters.", schema=TEXT),
)

VERB_EXAMPLES: Mapping[str, Json] = {
    "decisions": {"approver": "Mara Lindqvist", "decision": "approve", "comment": "Order the steel."},
    "changes": {"approver": "Mara Lindqvist", "comment": "The railing is missing from the elevation."},
    "comments": {"by": "Jonas Weber", "comment": "Is the span measured at the water line?"},
    "delegate": {"from": "Mara Lindqvist", "to": "Petra Novak", "comment": "On leave until Monday."},
    "takeBack": {"by": "Mara Lindqvist", "comment": "Back earlier."},
    "reassign": {"from": "Jonas Weber", "to": "Petra Novak", "by": "Jonas Weber"},
    "remind": {"by": "Ines Carvalho"},
    "withdraw": {"by": "Ines Carvalho", "reason": "The site was sold."},
    "resubmit": {"by": "Ines Carvalho", "cost": 139000, "comment": "With a railing, on cheaper steel."},
}
"""One body for each verb; `resubmit` is accepted after `changes`, `takeBack` after `delegate`."""

_IF_MATCH = Parameter(
    name="If-Match",
    does="The ETag of the proposal that the sender has read, instead of `document` and `round`.",
    schema=TEXT,
)


def _verb(name: str, model: type[Verb]) -> Operation:
    """Describe one verb; one function serves all verbs."""
    example = VERB_EXAMPLES[name]
    return Operation(
        id=model.__name__,
        function="ActOnProposal",
        method="POST",
        path=f"proposals/{{proposalId}}/{name}",
        does=(model.__doc__ or "").partition("\n")[0],
        tag="Actions",
        caller="people",
        path_parameters=(_PROPOSAL,),
        headers=(_IF_MATCH,) if issubclass(model, About) else (),
        body=Body(models={JSON: model}, example=example, optional=acting_names(model)[:1]),
        answers={200: Answer(does="The action is recorded, or was recorded before.", models={JSON: VerbReply})},
        problems=(400, *_PERSON, 404, 409, 413, 429, 500, 503),
    )


PROPOSALS = (
    Operation(
        id="SubmitProposal",
        function="SubmitProposal",
        method="POST",
        path="proposals",
        does="Submit a proposal; its review starts immediately.",
        tag="Proposals",
        caller="people",
        query=(
            Parameter(
                name="id",
                does="An id of your choice; a repeated submission with the same id is the same proposal.",
                schema={"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$"},
                example="footbridge-1",
            ),
            Parameter(
                name="preview", does="Whether only to show who would have to approve it.", schema=FLAG, example="false"
            ),
        ),
        body=Body(models={JSON: SubmissionForm}, example=SubmissionForm.example, optional=("author",)),
        answers={
            200: Answer(does="With `preview=true`: the stages; nothing was submitted.", models={JSON: PreviewReply}),
            202: Answer(
                does="The proposal is recorded.",
                models={JSON: SubmissionReply},
                headers={"Location": "The URL of the proposal."},
            ),
        },
        problems=(400, *_PERSON, 409, 413, 429, 500, 503),
    ),
    Operation(
        id="PreviewPolicy",
        function="PreviewPolicy",
        method="GET",
        path="policies/{name}/preview",
        does="See who would have to approve a proposal under one of the app's policies.",
        tag="Proposals",
        caller="people",
        path_parameters=(Parameter(name="name", does="The policy.", schema=TEXT, example="footbridge-works"),),
        query=(
            Parameter(name="author", does="The author; required for systems.", schema=TEXT, example="Ines Carvalho"),
            Parameter(name="cost", does="The cost.", schema={"type": "number"}, example="148500"),
            Parameter(
                name="currency", does="The currency of the cost; the default is EUR.", schema=TEXT, example="EUR"
            ),
            Parameter(name="department", does="The department.", schema=TEXT, example="works"),
        ),
        answers={200: Answer(does="The stages.", models={JSON: PreviewReply})},
        problems=(400, *_PERSON, 429, 503),
    ),
    Operation(
        id="ListProposals",
        function="ListProposals",
        method="GET",
        path="proposals",
        does="List proposals, newest first; a person sees those that they wrote or have to decide.",
        tag="Proposals",
        caller="people",
        query=_FILTERS,
        headers=(IF_NONE_MATCH,),
        answers={
            200: Answer(
                does="One page of proposals.", models={JSON: ProposalList}, headers={"ETag": "For `If-None-Match`."}
            ),
            **UNCHANGED,
        },
        problems=(400, *_PERSON, 503),
    ),
    Operation(
        id="GetProposal",
        function="GetProposal",
        method="GET",
        path="proposals/{proposalId}",
        does="Get a proposal with its current state.",
        tag="Proposals",
        caller="people",
        path_parameters=(_PROPOSAL,),
        headers=(IF_NONE_MATCH,),
        answers={
            200: Answer(
                does="The proposal.",
                models={JSON: ProposalView},
                headers={"ETag": "For `If-Match`, which compares document and round, and for `If-None-Match`."},
            ),
            **UNCHANGED,
        },
        problems=(*_PERSON, 404, 500, 503),
    ),
    Operation(
        id="GetAudit",
        function="GetAudit",
        method="GET",
        path="proposals/{proposalId}/audit",
        does="Get the record of a proposal, and optionally verify it.",
        tag="Proposals",
        caller="people",
        path_parameters=(_PROPOSAL,),
        query=(Parameter(name="verify", does="Whether to verify the record.", schema=FLAG, example="true"),),
        answers={
            200: Answer(
                does="The record; as lines (x-ndjson) it is byte for byte.", models={JSON: AuditReply, LINES: None}
            )
        },
        problems=(400, *_PERSON, 404, 500, 503),
    ),
    Operation(
        id="ExportAudit",
        function="ExportAudit",
        method="GET",
        path="proposals/{proposalId}/audit/export",
        does="Export the record and its documents in one file, which can be verified elsewhere.",
        tag="Proposals",
        caller="people",
        path_parameters=(_PROPOSAL,),
        query=(
            Parameter(
                name="documents", does="Whether the archive contains the documents.", schema=FLAG_SET, example="false"
            ),
        ),
        answers={200: Answer(does="A zip archive.", models={ARCHIVE: None})},
        problems=(400, *_PERSON, 404, 413, 500, 503),
    ),
)

FILES = (
    Operation(
        id="PutAttachment",
        function="PutAttachment",
        method="PUT",
        path="proposals/{proposalId}/attachments/{name}",
        does="Add a file, or replace the file with this name; the content decides its type.",
        tag="Proposals",
        caller="people",
        path_parameters=(_PROPOSAL, _FILE),
        query=(Parameter(name=BY, does="Who adds the file; for systems.", schema=TEXT, example="Ines Carvalho"),),
        body=Body(models={ANY: None}),
        answers={
            status: Answer(does=does, models={JSON: AttachmentReply}, headers={"Location": "The URL of the file."})
            for status, does in ((200, "The file was there before."), (201, "The file is recorded."))
        },
        problems=(400, *_PERSON, 404, 409, 411, 413, 415, 429, 500, 503),
    ),
    Operation(
        id="GetAttachment",
        function="GetAttachment",
        method="GET",
        path="proposals/{proposalId}/attachments/{name}",
        does="Download a file of a proposal.",
        tag="Proposals",
        caller="people",
        path_parameters=(_PROPOSAL, _FILE),
        answers={200: Answer(does="The file's bytes.", models={ANY: None})},
        problems=(*_PERSON, 404, 410, 500, 503),
    ),
)

LINKS = (
    Operation(
        id="ShowDecisionPage",
        function="ShowDecisionPage",
        method="GET",
        path="decide",
        does="Show the question of a decision link; this changes nothing.",
        tag="Decision links",
        caller="link",
        query=(_TOKEN,),
        answers={200: Answer(does="The page, or its data as JSON.", models={HTML: None, JSON: LinkView})},
        problems=(403, 404, 409, 410, 429, 500, 503),
    ),
    Operation(
        id="DecideByLink",
        function="DecideByLink",
        method="POST",
        path="decide",
        does="Answer the question of a decision link, once; the token may also be in the query string.",
        tag="Decision links",
        caller="link",
        body=Body(models={FORM: ChosenAnswer, JSON: ChosenAnswer}, example={"decision": "approve", "comment": "Fine."}),
        answers={200: Answer(does="The answer is recorded.", models={HTML: None, JSON: VerbReply})},
        problems=(400, 403, 404, 409, 410, 413, 415, 429, 500, 503),
    ),
    Operation(
        id="GetLinkedAttachment",
        function="GetLinkedAttachment",
        method="GET",
        path="decide/attachments/{name}",
        does="Download a file of the proposal that a decision link is about.",
        tag="Decision links",
        caller="link",
        path_parameters=(_FILE,),
        query=(_TOKEN,),
        answers={200: Answer(does="The file's bytes.", models={ANY: None})},
        problems=(403, 404, 409, 410, 429, 500, 503),
    ),
    Operation(
        id="GetIcon",
        function="GetIcon",
        method="GET",
        path="decide/icon.svg",
        does="Fetch the icon of the pages.",
        tag="Decision links",
        caller="link",
        answers={200: Answer(does="A picture, the same for everybody.", models={SVG: None})},
        problems=(429, 500),
    ),
)

OPERATIONS = (*PROPOSALS, *(_verb(name, model) for name, model in VERBS.items()), *FILES, *LINKS, *OPERATORS)
