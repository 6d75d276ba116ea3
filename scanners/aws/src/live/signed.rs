//! Signs a request of our own (EC2), with the vendor's own signing code.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::identity::Identity;
use http::{HeaderMap, HeaderName, HeaderValue};
use scan_contract::Cause;
use scan_transport::{Credential, Door, Request};

use crate::live::connector::DoorClock;
use crate::live::sign_in::Signer;

/// Signature version 4 for one service in one region.
pub(crate) struct Signature {
    pub(crate) signer: Arc<Signer>,
    pub(crate) door: Arc<Door>,
    pub(crate) service: &'static str,
    pub(crate) region: String,
}

fn bug() -> Cause {
    Cause::Bug { what: String::from("a request of our own could not be signed") }
}

#[async_trait]
impl Credential for Signature {
    async fn headers(&self, request: &Request) -> Result<HeaderMap, Cause> {
        let identity: Identity = self.signer.credentials().await?.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service)
            .time(DoorClock(Arc::clone(&self.door)).now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| bug())?
            .into();
        let mut given = Vec::new();
        for (name, value) in &request.headers {
            given.push((name.as_str(), value.to_str().map_err(|_| bug())?));
        }
        let body = SignableBody::Bytes(&request.body);
        let signable = SignableRequest::new(request.method.as_str(), request.url.as_str(), given.into_iter(), body)
            .map_err(|_| bug())?;
        let (instructions, _) = sign(signable, &params).map_err(|_| bug())?.into_parts();
        let mut headers = HeaderMap::new();
        for (name, value) in instructions.headers() {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bug())?;
            let mut value = HeaderValue::from_str(value).map_err(|_| bug())?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(headers)
    }

    async fn renew(&self) -> Result<bool, Cause> {
        self.signer.renew().await;
        Ok(true)
    }
}
