//! Any service that lists people as JSON: what is asked, where the people stand in the answer, how it goes on, and which
//! field fills which column is configured.

mod paging;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use scan_contract::Cause;
use scan_transport::credential::Anonymous;
use scan_transport::{Action, AllowList, Credential, Keep, Operation, Purpose, Request, SecretRef};
use serde_json::Value;
use url::Url;

use crate::column::Column;
use crate::credential::{Fixed, Form as SecretForm, Minted};
use crate::fetched::Fetched;
use crate::leak;
use crate::mapping::{self, Mapping, Usual};
use crate::pick::Pointer;
use crate::source::{Client, Source};
use crate::table::Table;
use crate::walk::{Hints, Walk, Ways};

/// How such a service is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpJson {
    /// Address of the first page.
    pub url: Url,
    /// GET, or a POST whose body is fixed.
    pub ask: Ask,
    /// Further headers, none of them secret.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Who signs.
    pub auth: Auth,
    /// The list of people.
    pub items: Pointer,
    /// A total that the service names.
    pub total: Option<Pointer>,
    /// How it goes on.
    pub paging: Paging,
    /// What each page has to say, so that another tenant's people are not taken for ours.
    pub expect: Option<(Pointer, String)>,
}

/// The request.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// GET.
    Get,
    /// POST with this body.
    Post(Value),
}

/// Who signs requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// Nobody.
    None,
    /// HTTP Basic.
    Basic {
        /// User.
        user: String,
        /// Password.
        password: SecretRef,
    },
    /// A bearer token.
    Bearer(SecretRef),
    /// A header of its own.
    Header {
        /// Its name.
        name: HeaderName,
        /// Its value.
        value: SecretRef,
    },
    /// Tokens by OAuth 2.0 client credentials.
    Client {
        /// Where tokens are given.
        token_url: Url,
        /// Who asks.
        client: Client,
        /// Scope that is asked for.
        scope: Option<String>,
    },
}

/// Where a parameter of the request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the query.
    Query,
    /// In the body, which has to be an object.
    Body,
}

/// A number that a page is asked for with, beside its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Size {
    /// Name of the parameter.
    pub parameter: String,
    /// How many.
    pub count: u64,
}

/// How a list goes on after its first page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paging {
    /// Not at all.
    Whole,
    /// By `rel="next"` in the `Link` header. Without it the page was the last one.
    LinkHeader,
    /// By an address in the body. Missing, null or empty, the page was the last one.
    LinkIn(Pointer),
    /// By a word that is handed back. Missing, null or empty, the page was the last one.
    Cursor {
        /// Where it stands.
        at: Pointer,
        /// How it is handed back.
        parameter: String,
        /// Where it is handed back.
        place: Place,
    },
    /// By numbers of pages, up to an empty one. Read until two readings agree.
    Page {
        /// Parameter.
        parameter: String,
        /// Number of the first page.
        first: u64,
        /// Size.
        size: Option<Size>,
        /// Where both stand.
        place: Place,
    },
    /// By the number of people read so far, up to an empty page. Read until two readings agree.
    Offset {
        /// Parameter.
        parameter: String,
        /// Size.
        size: Option<Size>,
        /// Where both stand.
        place: Place,
    },
}

const HINTS: Hints = Hints {
    rights: "whatever the service asks of whoever lists all people, former ones too",
    not_found: "there is nothing at this address, or the credential may not see it",
    explains: None,
};

const USUAL: Usual = &[];

impl HttpJson {
    /// The list of what may be sent: method and path of the configuration, and the token endpoint.
    pub(crate) fn allow<'f>(&self, fields: impl Iterator<Item = &'f String>) -> &'static AllowList {
        let at = |pointer: &Pointer| pointer.to_string();
        let next = match &self.paging {
            Paging::LinkIn(pointer) | Paging::Cursor { at: pointer, .. } => Some(at(pointer)),
            Paging::Whole | Paging::LinkHeader | Paging::Page { .. } | Paging::Offset { .. } => None,
        };
        let own = [
            Some(at(&self.items)),
            self.total.as_ref().map(at),
            self.expect.as_ref().map(|(pointer, _)| at(pointer)),
            next,
        ];
        let kept = leak::keep(fields.cloned().chain(own.into_iter().flatten()));
        let method = match self.ask {
            Ask::Get => "GET",
            Ask::Post(_) => "POST",
        };
        let path = leak::text(String::from(self.url.path()));
        let mut operations = vec![Operation {
            name: leak::text(format!("{method} {path}")),
            method,
            path,
            action: Action::Plain,
            purpose: Purpose::Read,
            rights: &[],
            keep: kept,
        }];
        if let Auth::Client { token_url, .. } = &self.auth {
            let path = leak::text(String::from(token_url.path()));
            operations.push(Operation {
                name: leak::text(format!("POST {path} (token)")),
                method: "POST",
                path,
                action: Action::Plain,
                purpose: Purpose::SignIn,
                rights: &[],
                keep: Keep::Nothing,
            });
        }
        leak::list("http_json", operations)
    }

    /// The addresses that are asked.
    pub(crate) fn urls(&self) -> Vec<Url> {
        let mut urls = vec![self.url.clone()];
        if let Auth::Client { token_url, .. } = &self.auth {
            urls.push(token_url.clone());
        }
        urls
    }

    fn credential(&self, ways: &Ways) -> Arc<dyn Credential> {
        match &self.auth {
            Auth::None => Arc::new(Anonymous),
            Auth::Basic { user, password } => Fixed::new(ways, password, SecretForm::PasswordOf(user.clone())),
            Auth::Bearer(token) => Fixed::new(ways, token, SecretForm::After("Bearer")),
            Auth::Header { name, value } => Fixed::new(ways, value, SecretForm::Header(name.clone())),
            Auth::Client { token_url, client, scope } => {
                Minted::new(ways, token_url.clone(), client, scope.clone(), HINTS)
            }
        }
    }

    /// The request with these parameters set.
    fn request(&self, url: &Url, parameters: &[(&str, String)], place: Place) -> Result<Request, Cause> {
        let mut url = url.clone();
        let mut ask = self.ask.clone();
        match (place, &mut ask) {
            (Place::Query, _) => set_query(&mut url, parameters),
            (Place::Body, Ask::Post(Value::Object(body))) => {
                for (name, value) in parameters {
                    let number = value.parse::<u64>().map(Value::from);
                    body.insert(String::from(*name), number.unwrap_or_else(|_| Value::from(value.as_str())));
                }
            }
            (Place::Body, _) => {
                return Err(Cause::Bug { what: String::from("a parameter belongs into a body that is no object") });
            }
        }
        let request = match ask {
            Ask::Get => Request { method: Method::GET, url, headers: HeaderMap::new(), body: Bytes::new() },
            Ask::Post(body) => Request::json(Method::POST, url, &body)
                .map_err(|_| Cause::Bug { what: String::from("the body cannot be written as JSON") })?,
        };
        let mut request = request.with(http::header::ACCEPT, HeaderValue::from_static("application/json"));
        for (name, value) in &self.headers {
            request = request.with(name.clone(), value.clone());
        }
        Ok(request)
    }
}

fn set_query(url: &mut Url, parameters: &[(&str, String)]) {
    if parameters.is_empty() {
        return;
    }
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !parameters.iter().any(|(set, _)| set == name))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.query_pairs_mut().clear().extend_pairs(kept).extend_pairs(parameters);
}

pub(crate) async fn fetch(system: &HttpJson, source: &Source, ways: &Ways) -> Result<Fetched, Cause> {
    let mapping = Mapping::new(source, USUAL, mapping::pointer)?;
    let mut walk = Walk::new(ways, system.credential(ways), HINTS);
    paging::read(system, source, &mapping, &mut walk).await
}

/// Takes the people of a page; gives how many of them were new.
fn take(items: &[Box<serde_json::value::RawValue>], mapping: &Mapping, table: &mut Table<'_>) -> usize {
    let mut new = 0;
    for item in items {
        let Some(values) = mapping.read(item) else {
            table.push_unreadable();
            new += 1;
            continue;
        };
        let record = mapping.record(&values);
        let id = record.get(Column::PersonId).unwrap_or_default();
        let start = record.get(Column::StartDate).unwrap_or_default();
        new += usize::from(table.count(&format!("{id}\u{0}{start}")));
        table.push(record);
    }
    new
}
