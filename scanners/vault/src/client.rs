//! Questions to the server, and what its answers mean.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use scan_contract::{Cause, Instant};
use scan_transport::{Door, Reply, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::credential::TokenCredential;
use crate::mount::Namespace;
use crate::target::Target;
use crate::wire::{Envelope, Listing, ListingBody, Refusal};

/// What the server said.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A body.
    Found(Box<Reply>),
    /// Explicitly nothing: an empty list, an object that is not there (`404` with an empty list of errors).
    Nothing,
    /// No such path: the mount is absent or of another type (`404` with a text).
    NoPath(Box<Reply>),
    /// Refused (`403`), and the token is still good.
    Refused(Box<Reply>),
    /// The request names something that is not there or not valid (`400`).
    Invalid(Box<Reply>),
    /// The server knows no such operation (`405`).
    NotOffered,
}

impl Heard {
    /// Whether the server says by its own words that what was looked up is not there any more. The status alone does not
    /// tell: `400` and `403` stand for other things as well, and whatever is between may say `404`.
    pub(crate) fn is_gone(&self, words: &[&str]) -> bool {
        match self {
            Self::Nothing => true,
            Self::NoPath(reply) | Self::Refused(reply) | Self::Invalid(reply) => {
                reply.json::<Refusal>().is_ok_and(|refusal| words.iter().any(|words| refusal.says(words)))
            }
            Self::Found(_) | Self::NotOffered => false,
        }
    }
}

/// Asks one server.
pub(crate) struct Client {
    door: Door,
    base: Url,
    credential: Option<Arc<TokenCredential>>,
}

/// Which parts of a list are wanted, where the server can cut it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageOf<'a> {
    /// Names after this one.
    pub(crate) after: &'a str,
    /// So many at most.
    pub(crate) limit: usize,
}

/// Agents and proxies of the vendor can be told to refuse requests without it.
const VAULT_REQUEST: HeaderName = HeaderName::from_static("x-vault-request");
const NAMESPACE: HeaderName = HeaderName::from_static("x-vault-namespace");

impl Client {
    /// A client behind `door`, which carries the credential unless answers come from a recording.
    pub(crate) fn new(door: Door, base: Url, credential: Option<Arc<TokenCredential>>) -> Self {
        Self { door, base, credential }
    }

    /// The present instant by the program's clock.
    pub(crate) fn now(&self) -> Instant {
        self.door.now()
    }

    /// Names at `target`. `None`: the list is empty.
    pub(crate) async fn list(&self, namespace: &Namespace, target: &Target) -> Result<Option<Listing>, Cause> {
        let heard = self.hear_list(namespace, target, None).await?;
        listing(namespace, target, heard)
    }

    /// A list, unjudged: for callers to whom "no such path" says something of its own.
    pub(crate) async fn hear_list(
        &self,
        namespace: &Namespace,
        target: &Target,
        page: Option<PageOf<'_>>,
    ) -> Result<Heard, Cause> {
        let mut url = self.address(target)?;
        url.query_pairs_mut().append_pair("list", "true");
        if let Some(page) = page {
            url.query_pairs_mut().append_pair("after", page.after).append_pair("limit", &page.limit.to_string());
        }
        self.send(namespace, Request::get(url)).await
    }

    /// The object at `target`. `None`: it is not there.
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        namespace: &Namespace,
        target: &Target,
    ) -> Result<Option<T>, Cause> {
        let heard = self.hear(namespace, target).await?;
        decode(namespace, target, heard, "read")
    }

    /// A read, unjudged.
    pub(crate) async fn hear(&self, namespace: &Namespace, target: &Target) -> Result<Heard, Cause> {
        self.send(namespace, Request::get(self.address(target)?)).await
    }

    /// What a posted question is answered, unjudged.
    pub(crate) async fn hear_post(
        &self,
        namespace: &Namespace,
        target: &Target,
        body: &impl Serialize,
    ) -> Result<Heard, Cause> {
        let request = Request::json(Method::POST, self.address(target)?, body)
            .map_err(|_| Cause::Bug { what: String::from("a question that cannot be written as JSON") })?;
        self.send(namespace, request).await
    }

    /// What a posted question is answered.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        namespace: &Namespace,
        target: &Target,
        body: &impl Serialize,
    ) -> Result<Option<T>, Cause> {
        let heard = self.hear_post(namespace, target, body).await?;
        decode(namespace, target, heard, "update")
    }

    /// The state of the cluster. Anybody may ask, and a namespace may not be named; the parameters make the server say
    /// in the body, not in the status, that it is sealed or stands by, so that the answer is not taken for a stumble.
    pub(crate) async fn health(&self) -> Result<Reply, Cause> {
        let mut url = self.address(&Target::of("sys/health"))?;
        url.query_pairs_mut()
            .append_pair("standbyok", "true")
            .append_pair("perfstandbyok", "true")
            .append_pair("sealedcode", "200")
            .append_pair("uninitcode", "200")
            .append_pair("drsecondarycode", "200");
        let reply = self.door.send(Request::get(url)).await?;
        if reply.status == StatusCode::OK { Ok(reply) } else { Err(reply.unexpected()) }
    }

    fn address(&self, target: &Target) -> Result<Url, Cause> {
        let path = target.encoded()?;
        let mut url = self.base.clone();
        let whole = format!("{}/v1/{path}", url.path().trim_end_matches('/'));
        url.set_path(&whole);
        // Addresses swallow some spellings; what would arrive must be what was meant.
        if url.path() == whole { Ok(url) } else { Err(target.unspeakable()) }
    }

    async fn send(&self, namespace: &Namespace, request: Request) -> Result<Heard, Cause> {
        let request = in_namespace(request, namespace)?.with(VAULT_REQUEST, HeaderValue::from_static("true"));
        let used = match &self.credential {
            Some(credential) => credential.generation().await,
            None => 0,
        };
        let heard = judge(&request.method, self.door.send(request.clone()).await?)?;
        if !matches!(heard, Heard::Refused(_)) {
            return Ok(heard);
        }
        // The server answers 403 to an expired token as well as to one without the right, in the same words.
        let Some(credential) = &self.credential else { return Ok(heard) };
        if credential.replace_if_dead(used.max(1), &self.door, &self.base).await? {
            let method = request.method.clone();
            judge(&method, self.door.send(request).await?)
        } else {
            Ok(heard)
        }
    }
}

/// The same request, meant for a namespace.
pub(crate) fn in_namespace(request: Request, namespace: &Namespace) -> Result<Request, Cause> {
    if namespace.is_root() {
        return Ok(request);
    }
    let value = HeaderValue::from_str(namespace.path())
        .map_err(|_| Cause::Malformed { what: String::from("a namespace whose path no header can carry") })?;
    Ok(request.with(NAMESPACE, value))
}

fn judge(method: &Method, reply: Reply) -> Result<Heard, Cause> {
    let elsewhere =
        |detail: &str| Cause::Unreachable { step: String::from(reply.operation), detail: detail.to_owned() };
    Ok(match reply.status.as_u16() {
        200 => Heard::Found(Box::new(reply)),
        // A look-up that is posted may find nothing. What is read or listed is never answered so.
        204 if *method == Method::POST => Heard::Nothing,
        // In the server's own frame only: a proxy that hides a path says 404 as well.
        404 | 405 => match (reply.json::<Refusal>(), reply.status) {
            (Ok(refusal), StatusCode::METHOD_NOT_ALLOWED) if refusal.is_framed() => Heard::NotOffered,
            (Ok(refusal), StatusCode::NOT_FOUND) if refusal.is_nothing() => Heard::Nothing,
            (Ok(refusal), StatusCode::NOT_FOUND) if refusal.is_framed() => Heard::NoPath(Box::new(reply)),
            _ => return Err(reply.unexpected()),
        },
        403 => Heard::Refused(Box::new(reply)),
        400 => Heard::Invalid(Box::new(reply)),
        412 => return Err(elsewhere("412: this node has not caught up with the cluster")),
        429 => return Err(Cause::Throttled { until: None }),
        472 => return Err(elsewhere("472: this node is a disaster recovery secondary and answers nothing")),
        473 => return Err(elsewhere("473: this node stands by and does not answer")),
        503 => return Err(elsewhere("503: the server is sealed, stands by, or is in maintenance")),
        _ => return Err(reply.unexpected()),
    })
}

fn found(namespace: &Namespace, target: &Target, heard: Heard, capability: &str) -> Result<Option<Reply>, Cause> {
    match heard {
        Heard::Found(reply) => Ok(Some(*reply)),
        Heard::Nothing => Ok(None),
        Heard::Refused(_) => Err(target.denied(namespace, capability)),
        Heard::NoPath(_) => Err(Cause::NotSupported {
            what: format!(
                "{}{}: the server has no such path; the mount may be absent or of another type, or the namespace wrong",
                namespace.prefix(),
                target.shown()
            ),
        }),
        Heard::Invalid(_) => Err(Cause::Malformed {
            what: format!("{}{}: the server calls the request invalid", namespace.prefix(), target.shown()),
        }),
        Heard::NotOffered => {
            Err(Cause::NotSupported { what: format!("{}: this server offers no such operation", target.shown()) })
        }
    }
}

/// Decodes what [`Client::hear_list`] heard.
pub(crate) fn listing(namespace: &Namespace, target: &Target, heard: Heard) -> Result<Option<Listing>, Cause> {
    let Some(reply) = found(namespace, target, heard, "list")? else { return Ok(None) };
    let body: Envelope<ListingBody> = reply.json()?;
    let warnings = body.warnings();
    // An empty list is a 404. Without names the server answers 200 only where it has warnings instead.
    let ListingBody { keys, key_info } = body.data.unwrap_or_default();
    if keys.is_none() && warnings == 0 {
        return Err(Cause::Malformed { what: format!("{}: a list without names", reply.operation) });
    }
    Ok(Some(Listing { keys: keys.unwrap_or_default(), info: key_info.unwrap_or_default(), warnings }))
}

/// Decodes what was heard.
pub(crate) fn decode<T: DeserializeOwned>(
    namespace: &Namespace,
    target: &Target,
    heard: Heard,
    capability: &str,
) -> Result<Option<T>, Cause> {
    let Some(reply) = found(namespace, target, heard, capability)? else { return Ok(None) };
    let body: Envelope<T> = reply.json()?;
    match body.data {
        Some(data) => Ok(Some(data)),
        None => Err(Cause::Malformed { what: format!("{}: an answer without data", reply.operation) }),
    }
}

/// A request without a body that the door may send as it is.
pub(crate) fn bare_post(url: Url) -> Request {
    Request { method: Method::POST, url, headers: HeaderMap::new(), body: Bytes::new() }
}
