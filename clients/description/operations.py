"""Every operation of the HTTP API, as one table; the OpenAPI document is made of it."""

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
    JSON,
    LINES,
    SVG,
    TEXT,
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
from gateways.proposal_index import MOST_ROWS

_PROPOSAL = Parameter(name="proposalId", does="The id with which the submission was answered.", schema=TEXT)
_FILE = Parameter(name="name", does="The name of the file.", schema=TEXT, example="plan.pdf")
_TOKEN = Parameter(name="token", does="What the link in a letter ends with.", schema=TEXT, required=True)

_PERSON = 401, 403
_FILTERS = (
    Parameter(name="status", does="Only these.", schema={"enum": list(Status)}, example="inReview"),
    Parameter(
        name="approver", does="Only those that wait for this person's answer.", schema=TEXT, example="Mara Lindqvist"
    ),
    Parameter(name="author", does="Only those of this person.", schema=TEXT, example="Ines Carvalho"),
    Parameter(
        name="top",
        does="At most so many on a page.",
        schema={"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": 20},
        example="50",
    ),
    Parameter(name="continuationToken", does="From the page before, with the same filters.", schema=TEXT),
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
"""One body a verb; `resubmit` is accepted after `changes`, `takeBack` after `delegate`."""

_IF_MATCH = Parameter(
    name="If-Match",
    does="The proposal's ETag, in the place of `document` and `round`: of what the sender has read.",
    schema=TEXT,
)


def _verb(name: str, model: type[Verb]) -> Operation:
    """Describe one verb; for all of them the function is one."""
    example = VERB_EXAMPLES[name]
    return Operation(
        id=model.__name__,
        function="ActOnProposal",
        method="POST",
        path=f"proposals/{{proposalId}}/{name}",
        does=(model.__doc__ or "").partition("\n")[0],
        tag="What people do",
        caller="people",
        path_parameters=(_PROPOSAL,),
        headers=(_IF_MATCH,) if issubclass(model, About) else (),
        body=Body(models={JSON: model}, example=example, optional=acting_names(model)[:1]),
        answers={200: Answer(does="It is in the record, or was there before.", models={JSON: VerbReply})},
        problems=(400, *_PERSON, 404, 409, 413, 429, 500, 503),
    )


PROPOSALS = (
    Operation(
        id="SubmitProposal",
        function="SubmitProposal",
        method="POST",
        path="proposals",
        does="Hand in a proposal; its review begins at once.",
        tag="Proposals",
        caller="people",
        query=(
            Parameter(
                name="id",
                does="An id of your own: the same proposal sent again under it is one proposal.",
                schema={"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$"},
                example="footbridge-1",
            ),
            Parameter(
                name="preview", does="Whether only to say who would have to approve it.", schema=FLAG, example="false"
            ),
        ),
        body=Body(models={JSON: SubmissionForm}, example=SubmissionForm.example, optional=("author",)),
        answers={
            200: Answer(does="With `preview=true`: nothing was handed in.", models={JSON: PreviewReply}),
            202: Answer(
                does="It is on record.",
                models={JSON: SubmissionReply},
                headers={"Location": "Where the proposal can be seen."},
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
            Parameter(name="author", does="Whose proposal; systems send it.", schema=TEXT, example="Ines Carvalho"),
            Parameter(name="cost", does="What it costs.", schema={"type": "number"}, example="148500"),
            Parameter(name="currency", does="Of the cost; EUR where it is left out.", schema=TEXT, example="EUR"),
            Parameter(name="department", does="Whose it is.", schema=TEXT, example="works"),
        ),
        answers={200: Answer(does="The stages.", models={JSON: PreviewReply})},
        problems=(400, *_PERSON, 429, 503),
    ),
    Operation(
        id="ListProposals",
        function="ListProposals",
        method="GET",
        path="proposals",
        does="List proposals, newest first; a person sees those that they wrote or are asked to decide.",
        tag="Proposals",
        caller="people",
        query=_FILTERS,
        answers={200: Answer(does="A page.", models={JSON: ProposalList})},
        problems=(400, *_PERSON, 503),
    ),
    Operation(
        id="GetProposal",
        function="GetProposal",
        method="GET",
        path="proposals/{proposalId}",
        does="See where a proposal stands.",
        tag="Proposals",
        caller="people",
        path_parameters=(_PROPOSAL,),
        answers={
            200: Answer(
                does="As its record says.",
                models={JSON: ProposalView},
                headers={
                    "ETag": "Of its document in its round, for `If-Match`; answers and comments do not change it."
                },
            )
        },
        problems=(*_PERSON, 404, 500, 503),
    ),
    Operation(
        id="GetAudit",
        function="GetAudit",
        method="GET",
        path="proposals/{proposalId}/audit",
        does="Read the record of a proposal, and verify it.",
        tag="Proposals",
        caller="people",
        path_parameters=(_PROPOSAL,),
        query=(Parameter(name="verify", does="Whether to verify it.", schema=FLAG, example="true"),),
        answers={200: Answer(does="The record; as lines byte for byte.", models={JSON: AuditReply, LINES: None})},
        problems=(400, *_PERSON, 404, 500, 503),
    ),
    Operation(
        id="ExportAudit",
        function="ExportAudit",
        method="GET",
        path="proposals/{proposalId}/audit/export",
        does="Get one file with the record, its documents, and what is needed to verify them elsewhere.",
        tag="Proposals",
        caller="people",
        path_parameters=(_PROPOSAL,),
        query=(Parameter(name="documents", does="Whether it has the documents.", schema=FLAG_SET, example="false"),),
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
        does="Add a file, or put another in the place of the one of this name; what it is, its content says.",
        tag="Proposals",
        caller="people",
        path_parameters=(_PROPOSAL, _FILE),
        query=(Parameter(name=BY, does="Who does it; systems send it.", schema=TEXT, example="Ines Carvalho"),),
        body=Body(models={ANY: None}),
        answers={
            status: Answer(
                does=does, models={JSON: AttachmentReply}, headers={"Location": "Where the file can be read."}
            )
            for status, does in ((200, "It was there before."), (201, "It is on record."))
        },
        problems=(400, *_PERSON, 404, 409, 411, 413, 415, 429, 500, 503),
    ),
    Operation(
        id="GetAttachment",
        function="GetAttachment",
        method="GET",
        path="proposals/{proposalId}/attachments/{name}",
        does="Read a file of a proposal.",
        tag="Proposals",
        caller="people",
        path_parameters=(_PROPOSAL, _FILE),
        answers={200: Answer(does="Its bytes, to be saved.", models={ANY: None})},
        problems=(*_PERSON, 404, 410, 500, 503),
    ),
)

LINKS = (
    Operation(
        id="ShowDecisionPage",
        function="ShowDecisionPage",
        method="GET",
        path="decide",
        does="See what a decision link asks; nothing changes by it.",
        tag="Decision links",
        caller="link",
        query=(_TOKEN,),
        answers={200: Answer(does="The page, or the same for programs.", models={HTML: None, JSON: LinkView})},
        problems=(403, 404, 409, 410, 429, 500, 503),
    ),
    Operation(
        id="DecideByLink",
        function="DecideByLink",
        method="POST",
        path="decide",
        does="Answer, once; the token may stand in the query string as well.",
        tag="Decision links",
        caller="link",
        body=Body(models={FORM: ChosenAnswer, JSON: ChosenAnswer}, example={"decision": "approve", "comment": "Fine."}),
        answers={200: Answer(does="It is in the record.", models={HTML: None, JSON: VerbReply})},
        problems=(400, 403, 404, 409, 410, 413, 415, 429, 500, 503),
    ),
    Operation(
        id="GetLinkedAttachment",
        function="GetLinkedAttachment",
        method="GET",
        path="decide/attachments/{name}",
        does="Read a file of the proposal that a decision link is about.",
        tag="Decision links",
        caller="link",
        path_parameters=(_FILE,),
        query=(_TOKEN,),
        answers={200: Answer(does="Its bytes, to be saved.", models={ANY: None})},
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
