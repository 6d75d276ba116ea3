//! What may be sent: one table a scanner. The same table gives the list of rights, the smallest policy, and what of an
//! answer may be written into a recording, so that none of them can differ from what the code does.

/// What an operation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Gets a short-lived credential. Never recorded; a replay does not sign in.
    SignIn,
    /// Reads.
    Read,
    /// Gives the scanner's own credential back (revoke-self, logout). Never recorded.
    SignOut,
}

/// How an operation is told from others that share its method and path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Method and path say it all.
    Plain,
    /// `Action=NAME` in a form body (AWS query protocol).
    Form(&'static str),
    /// The end of the `X-Amz-Target` header (AWS JSON protocol), such as `AWSOrganizationsV20161128.ListAccounts`.
    Target(&'static str),
    /// A GraphQL document: parsed, and refused unless every operation in it is a query.
    GraphQlQuery,
    /// A fixed value of one query parameter, such as `list=true`.
    Query(&'static str, &'static str),
}

/// What of an answer may be written into a recording. Everything else is left out: an allow-list, since nobody knows
/// today which field will carry a secret tomorrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Nothing but the status: the answer of a sign-in.
    Nothing,
    /// JSON: names of the keys that stay, at any depth. A name that ends in `/*` keeps a map whose keys are data
    /// (`key_info/*`): the keys stay, and below each the list holds again. `*` alone keeps everything and is for
    /// documents that cannot hold a secret, with the reason beside it.
    Json(&'static [&'static str]),
    /// XML: local names of the elements that stay.
    Xml(&'static [&'static str]),
}

/// One request that may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// The vendor's name of the call, such as `iam:ListUsers` or `GET /orgs/{org}/members`.
    pub name: &'static str,
    /// HTTP method, `LIST` included.
    pub method: &'static str,
    /// Path pattern below the origin. `{name}` is one segment that is not empty; `{name...}` is one or more segments.
    pub path: &'static str,
    /// What tells it from others of the same method and path.
    pub action: Action,
    /// What it is for.
    pub purpose: Purpose,
    /// The rights it needs, in the vendor's own words. Empty: any credential may.
    pub rights: &'static [&'static str],
    /// What of the answer may be recorded.
    pub keep: Keep,
}

/// All that one scanner may send.
#[derive(Debug, Clone, Copy)]
pub struct AllowList {
    /// Connector, for messages.
    pub connector: &'static str,
    /// The requests.
    pub operations: &'static [Operation],
}

/// Why a request is not on the list. A defect of the scanner: it is told as such, and nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{connector}: {method} {path}{detail} is not on the list of allowed requests; nothing was sent")]
pub struct NotAllowed {
    /// Connector.
    pub connector: &'static str,
    /// Method.
    pub method: String,
    /// Path pattern-free, without query; names in it are replaced by `{}` where no operation matches.
    pub path: String,
    /// Action, or what is wrong with the document.
    pub detail: String,
}
