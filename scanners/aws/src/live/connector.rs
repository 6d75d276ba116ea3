//! The vendor's libraries talk through the door: their requests become ours, our replies theirs.
//!
//! They neither wait nor repeat by themselves: pace and repeats are decided in [`super::ask`], so that a request is
//! signed after its wait (TIM-5). What the door refuses or cannot do travels back inside the library's own error, as
//! [`Carried`].

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use scan_contract::Cause;
use scan_transport::dialect::{Dialect, Signal};
use scan_transport::{Door, Reply, Request};
use url::Url;

use crate::live::promise;

/// A cause of the door inside an error of the library.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Carried(pub(crate) Cause);

/// What an answer says about pace, kept beside it for whoever decides on repeating.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heard(pub(crate) Signal);

/// The door, as the vendor's libraries want a client to be.
#[derive(Clone)]
pub(crate) struct DoorClient {
    door: Arc<Door>,
}

impl DoorClient {
    /// A client whose pace is kept under `account`: a service of an account, or where a credential comes from.
    pub(crate) fn new(door: &Door, account: &str) -> Self {
        Self { door: Arc::new(door.for_account(account)) }
    }
}

// The libraries print their clients; a door may hold a credential.
impl fmt::Debug for DoorClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DoorClient")
    }
}

impl HttpClient for DoorClient {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for DoorClient {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let door = Arc::clone(&self.door);
        HttpConnectorFuture::new(async move {
            let request = ours(&request).map_err(carry)?;
            let reply = door.exchange(request).await.map_err(carry)?;
            promise::check(&reply).map_err(carry)?;
            // Nothing follows a redirect; one to another origin is told with both.
            reply.redirect_target().map_err(carry)?;
            theirs(&reply).map_err(carry)
        })
    }
}

fn carry(cause: Cause) -> ConnectorError {
    ConnectorError::other(Box::new(Carried(cause)), None)
}

fn bug(what: &str) -> Cause {
    Cause::Bug { what: format!("a request of the AWS library {what}") }
}

/// The library's request as ours.
fn ours(request: &HttpRequest) -> Result<Request, Cause> {
    let method = Method::from_bytes(request.method().as_bytes()).map_err(|_| bug("has no valid method"))?;
    let url = Url::parse(request.uri()).map_err(|_| bug("has no valid address"))?;
    let mut headers = HeaderMap::new();
    for (name, value) in request.headers() {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bug("has a header without a valid name"))?;
        let mut value = HeaderValue::from_str(value).map_err(|_| bug("has a header without a valid value"))?;
        // Signature, session token, metadata token.
        let name_text = name.as_str();
        value.set_sensitive(name_text == "authorization" || name_text.ends_with("token"));
        headers.append(name, value);
    }
    // Everything that is sent here is a short form or a short JSON text, so it is always in memory.
    let body = request.body().bytes().ok_or_else(|| bug("streams its body"))?;
    Ok(Request { method, url, headers, body: Bytes::copy_from_slice(body) })
}

/// Our reply as the library's.
fn theirs(reply: &Reply) -> Result<HttpResponse, Cause> {
    let odd = |what: &str| Cause::Malformed { what: format!("{}: {what}", reply.describe()) };
    let status = reply.status.as_u16().try_into().map_err(|_| odd("a status that is none"))?;
    let mut response = HttpResponse::new(status, SdkBody::from(reply.body.clone()));
    for (name, value) in &reply.headers {
        // A header that is no text says nothing to the library.
        if let Ok(value) = value.to_str() {
            response
                .headers_mut()
                .try_append(name.as_str().to_owned(), value.to_owned())
                .map_err(|_| odd("a header that is none"))?;
        }
    }
    response.add_extension(Heard(Dialect::Aws.read(reply)));
    Ok(response)
}

/// The program's clock, as the vendor's libraries want it.
#[derive(Clone)]
pub(crate) struct DoorClock(pub(crate) Arc<Door>);

impl fmt::Debug for DoorClock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DoorClock")
    }
}

impl TimeSource for DoorClock {
    fn now(&self) -> SystemTime {
        self.0.now().into()
    }
}
