//! What the file says about HR systems that are asked over HTTP.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::connection::RawSecret;

/// A Workday report that is offered as a web service.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawReport {
    /// Owner, as in its address.
    #[schemars(length(min = 1))]
    pub(in crate::config) owner: String,
    /// Name, as in its address.
    #[schemars(length(min = 1))]
    pub(in crate::config) name: String,
    /// Prompts and what is answered to them. Default: `{ Include_Terminated_Workers: "1" }`.
    pub(in crate::config) prompts: Option<BTreeMap<String, String>>,
}

/// A service that lists people as JSON.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawHttpJson {
    /// Address of the first page, with its query.
    #[schemars(length(min = 1))]
    pub(in crate::config) url: String,
    /// Method. Default: `get`.
    pub(in crate::config) method: Option<RawMethod>,
    /// Body of a POST, as JSON text.
    #[schemars(length(min = 1))]
    pub(in crate::config) body: Option<String>,
    /// Further headers. A secret does not belong here but into `auth`.
    #[serde(default)]
    pub(in crate::config) headers: BTreeMap<String, String>,
    /// Who signs. Default: nobody.
    pub(in crate::config) auth: Option<RawAuth>,
    /// JSON pointer to the list of people; empty for the whole answer.
    pub(in crate::config) items: String,
    /// JSON pointer to a total that the service names, which has to be reached.
    #[schemars(length(min = 1))]
    pub(in crate::config) total: Option<String>,
    /// How the list goes on after its first page. Default: not at all.
    pub(in crate::config) paging: Option<RawPaging>,
    /// What every page has to say, so that nobody else's people are taken for ours.
    pub(in crate::config) expect: Option<RawExpectation>,
}

/// HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawMethod {
    /// GET.
    Get,
    /// POST, for services whose searches are posted. It has to change nothing there.
    Post,
}

/// Who signs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawAuth {
    /// How.
    pub(in crate::config) kind: RawAuthKind,
    /// Password, token, value of the header, or client secret.
    pub(in crate::config) secret: RawSecret,
    /// User (`basic`).
    #[schemars(length(min = 1))]
    pub(in crate::config) user: Option<String>,
    /// Name of the header (`header`).
    #[schemars(length(min = 1))]
    pub(in crate::config) name: Option<String>,
    /// Address that gives tokens (`client_credentials`).
    #[schemars(length(min = 1))]
    pub(in crate::config) token_url: Option<String>,
    /// Client id (`client_credentials`).
    #[schemars(length(min = 1))]
    pub(in crate::config) client_id: Option<String>,
    /// Scope that is asked for (`client_credentials`).
    #[schemars(length(min = 1))]
    pub(in crate::config) scope: Option<String>,
}

/// How requests are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawAuthKind {
    /// User and password.
    Basic,
    /// A bearer token.
    Bearer,
    /// A header of its own.
    Header,
    /// Tokens by OAuth 2.0 client credentials.
    ClientCredentials,
}

/// How a list goes on after its first page.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawPaging {
    /// How.
    pub(in crate::config) kind: RawPagingKind,
    /// JSON pointer to the address of the next page (`link`), or to the word that is handed back (`cursor`).
    #[schemars(length(min = 1))]
    pub(in crate::config) at: Option<String>,
    /// Name of the parameter (`cursor`, `page`, `offset`).
    #[schemars(length(min = 1))]
    pub(in crate::config) parameter: Option<String>,
    /// Where parameters stand (`cursor`, `page`, `offset`). Default: `query`.
    pub(in crate::config) place: Option<RawPlace>,
    /// Number of the first page (`page`). Default: 1.
    pub(in crate::config) first: Option<u64>,
    /// Name of the parameter that asks for a size (`page`, `offset`).
    #[schemars(length(min = 1))]
    pub(in crate::config) size_parameter: Option<String>,
    /// Size that is asked for (`page`, `offset`).
    #[schemars(range(min = 1))]
    pub(in crate::config) size: Option<u64>,
}

/// Ways of paging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawPagingKind {
    /// By `rel="next"` in the `Link` header.
    LinkHeader,
    /// By an address in the answer.
    Link,
    /// By a word that is handed back.
    Cursor,
    /// By numbers of pages, up to an empty one; read until two readings agree.
    Page,
    /// By the number of people read so far, up to an empty page; read until two readings agree.
    Offset,
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawPlace {
    /// In the query.
    Query,
    /// In the body of a POST.
    Body,
}

/// What every page has to say.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawExpectation {
    /// JSON pointer.
    #[schemars(length(min = 1))]
    pub(in crate::config) at: String,
    /// Text that has to stand there.
    pub(in crate::config) is: String,
}
