//! One request on its way: waiting, signing, sending, reading, repeating.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use reqwest::{Client, Response};
use scan_contract::Cause;
use tokio::time::timeout;

use super::tape::Tape;
use super::{Door, Way};
use crate::allow::{Operation, Purpose};
use crate::dialect::Signal;
use crate::failure::{Again, Failure, Reached};
use crate::origin::shown_host;
use crate::pace::Permit;
use crate::reply::Reply;
use crate::request::Request;
use crate::wire::Wire;
use crate::xml;

/// Attempts at what the network does not carry. A service that is down is not worth more.
const NETWORK_ATTEMPTS: u32 = 3;
/// A signature older than this is made anew.
const SIGNED: Duration = Duration::from_secs(20);
/// A write without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteFailed {
    /// Nothing of it can have been taken: it may be sent again.
    NotSent(Cause),
    /// It may have been taken: look before it is sent again (TKT-2).
    MayHaveHappened(Cause),
}

/// Headers of a library that signs by itself and does not mark them.
const SENSITIVE: [&str; 4] = ["authorization", "x-amz-security-token", "x-vault-token", "cookie"];

impl Door {
    /// Checks, waits, signs, sends, reads the whole reply; waits and repeats where the service asks for it or stumbles;
    /// renews the credential once on 401. Any final status comes back as a reply: what a 403 or 404 means is the
    /// scanner's to say.
    ///
    /// # Errors
    /// `Bug` for a request that is not on the list; `Malformed` for another origin; `Throttled`, `Unreachable`,
    /// `CutOff`, `LimitHit`; `Stale` for an answer that is older than the run; `NotInSource` for a request that a
    /// recording does not hold.
    pub async fn send(&self, request: Request) -> Result<Reply, Cause> {
        let operation = self.admit(&request)?;
        if let Some(Tape::Playing(player)) = self.shared.tape.get() {
            return player.answer(operation, &request, self.account.as_deref(), self.shared.settings.connection.limits);
        }
        let heard = self.repeat(operation, &request).await;
        if heard.is_err() {
            self.shared.pace.count_failure();
        }
        self.keep(operation, &request, heard.as_ref())?;
        heard
    }

    /// One exchange for a library that waits, signs and repeats by itself (AWS SDK): list, origin, address guard,
    /// limits, permit in flight, recording and counters hold, and the pace learns from the answer; waits and retries are
    /// the library's, which asks [`crate::Pace::reserve`] and [`crate::Pace::retry`] of [`Door::pace`].
    ///
    /// # Errors
    /// As [`Door::send`], without `Throttled`: a refusal for a limit is a reply here.
    pub async fn exchange(&self, mut request: Request) -> Result<Reply, Cause> {
        let operation = self.admit(&request)?;
        if let Some(Tape::Playing(player)) = self.shared.tape.get() {
            return player.answer(operation, &request, self.account.as_deref(), self.shared.settings.connection.limits);
        }
        for name in SENSITIVE {
            request.headers.get_mut(name).into_iter().for_each(|value| value.set_sensitive(true));
        }
        let permit = self.shared.pace.permit().await?;
        let heard =
            self.attempt(operation, &request, &HeaderMap::new(), permit, 1).await.map_err(|failure| failure.cause);
        // A refusal that the library will repeat is not the answer of this request.
        let settled = heard.as_ref().is_ok_and(|reply| self.shared.settings.dialect.read(reply) == Signal::Go);
        if settled {
            self.keep(operation, &request, heard.as_ref())?;
        }
        heard
    }

    /// Sends what changes something ([`Purpose::Write`]), at most once: it is repeated only while nothing of it can have
    /// been taken (no connection, a refusal for a limit, a credential that was renewed). Any final status comes back as a
    /// reply; what a 5xx means for what was asked is the caller's to find out.
    ///
    /// # Errors
    /// [`WriteFailed::NotSent`] or [`WriteFailed::MayHaveHappened`].
    pub async fn write(&self, request: Request) -> Result<Reply, WriteFailed> {
        let operation = self.admit(&request).map_err(WriteFailed::NotSent)?;
        if operation.purpose != Purpose::Write || self.replays() {
            let what = format!("{}: not a write, or behind a recording", operation.name);
            return Err(WriteFailed::NotSent(Cause::Bug { what }));
        }
        let heard = self.write_once(operation, &request).await;
        if heard.is_err() {
            self.shared.pace.count_failure();
        }
        heard
    }

    async fn write_once(&self, operation: &'static Operation, request: &Request) -> Result<Reply, WriteFailed> {
        let pace = &self.shared.pace;
        let host = self.paced_as(request);
        let mut renewed = false;
        let mut attempt = 1;
        loop {
            self.take_turn(operation, host).await.map_err(WriteFailed::NotSent)?;
            let (headers, permit) = self.sign(operation, request, host).await.map_err(WriteFailed::NotSent)?;
            let wait = match self.attempt(operation, request, &headers, permit, attempt).await {
                Ok(reply) if reply.status == http::StatusCode::UNAUTHORIZED && !renewed => {
                    renewed = true;
                    if !self.credential.renew_after(&headers).await.map_err(WriteFailed::NotSent)? {
                        return Ok(reply);
                    }
                    pace.count_repeat();
                    continue;
                }
                Ok(reply) => match self.shared.settings.dialect.read(&reply) {
                    // A 503 can come from a proxy whose service has taken the request; a refusal for a limit has not.
                    Signal::Throttled(_) if reply.status != http::StatusCode::SERVICE_UNAVAILABLE => {
                        let wait = self.next_wait(&reply, host, attempt).map_err(WriteFailed::NotSent)?;
                        let Some(wait) = wait else { return Ok(reply) };
                        wait
                    }
                    Signal::Go | Signal::Stumbled(_) | Signal::Throttled(_) => return Ok(reply),
                },
                Err(Failure { cause, reached: Reached::Perhaps, .. }) => {
                    return Err(WriteFailed::MayHaveHappened(cause));
                }
                Err(Failure { cause, again, reached: Reached::No }) => {
                    if again == Again::No || attempt >= NETWORK_ATTEMPTS {
                        return Err(WriteFailed::NotSent(cause));
                    }
                    let wait = pace.retry(host, attempt, crate::dialect::Wait::NotSaid, cause);
                    wait.map_err(WriteFailed::NotSent)?
                }
            };
            pace.sleep(wait).await;
            attempt += 1;
        }
    }

    /// What the pace of a request is kept under.
    fn paced_as<'a>(&'a self, request: &'a Request) -> &'a str {
        self.account.as_deref().or_else(|| request.url.host_str()).unwrap_or_default()
    }

    fn keep(
        &self,
        operation: &'static Operation,
        request: &Request,
        heard: Result<&Reply, &Cause>,
    ) -> Result<(), Cause> {
        match self.shared.tape.get() {
            Some(Tape::Writing(writer)) if operation.purpose == Purpose::Read => {
                writer.write(operation, request, self.account.as_deref(), heard)
            }
            Some(Tape::Writing(_) | Tape::Playing(_)) | None => Ok(()),
        }
    }

    async fn repeat(&self, operation: &'static Operation, request: &Request) -> Result<Reply, Cause> {
        let pace = &self.shared.pace;
        let host = self.paced_as(request);
        let mut renewed = false;
        let mut attempt = 1;
        loop {
            self.take_turn(operation, host).await?;
            let (headers, permit) = self.sign(operation, request, host).await?;
            let wait = match self.attempt(operation, request, &headers, permit, attempt).await {
                Ok(reply) if reply.status == http::StatusCode::UNAUTHORIZED && !renewed => {
                    renewed = true;
                    if !self.credential.renew_after(&headers).await? {
                        return Ok(reply);
                    }
                    pace.count_repeat();
                    tracing::debug!(operation = operation.name, "credential renewed after 401");
                    continue;
                }
                Ok(reply) => match self.next_wait(&reply, host, attempt)? {
                    Some(wait) => wait,
                    None => return Ok(reply),
                },
                Err(Failure { cause, again, .. }) => {
                    let hopeless = again == Again::No || (again == Again::Network && attempt >= NETWORK_ATTEMPTS);
                    if hopeless {
                        return Err(cause);
                    }
                    pace.retry(host, attempt, crate::dialect::Wait::NotSaid, cause)?
                }
            };
            tracing::debug!(
                operation = operation.name,
                attempt,
                wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                "waits before it asks again"
            );
            pace.sleep(wait).await;
            attempt += 1;
        }
    }

    /// How long to wait before asking again; `None` if this reply is the last word.
    fn next_wait(&self, reply: &Reply, host: &str, attempt: u32) -> Result<Option<Duration>, Cause> {
        let pace = &self.shared.pace;
        match self.shared.settings.dialect.read(reply) {
            Signal::Go => Ok(None),
            Signal::Throttled(wait) => {
                let until = match wait {
                    crate::dialect::Wait::For(wait) => {
                        chrono::TimeDelta::from_std(wait).ok().and_then(|wait| self.now().checked_add_signed(wait))
                    }
                    crate::dialect::Wait::NotSaid => None,
                };
                pace.retry(host, attempt, wait, Cause::Throttled { until }).map(Some)
            }
            Signal::Stumbled(wait) => match pace.retry(host, attempt, wait, reply.unexpected()) {
                Ok(wait) => Ok(Some(wait)),
                Err(throttled @ Cause::Throttled { .. }) => Err(throttled),
                Err(_) => {
                    pace.count_failure();
                    Ok(None)
                }
            },
        }
    }

    /// Waits for a place in the bucket. Every attempt takes one.
    async fn take_turn(&self, operation: &'static Operation, host: &str) -> Result<(), Cause> {
        let wait = self.shared.pace.reserve_for(host, operation.name)?;
        self.shared.pace.sleep(wait).await;
        Ok(())
    }

    /// Signs and takes a permit, in this order: a credential may have to ask for itself through this door, and must not
    /// wait for a permit that its own caller holds. Whatever happened meanwhile (a pause, a long wait) starts it again,
    /// so that nothing is sent into a pause and no signature is old (TIM-5).
    async fn sign(
        &self,
        operation: &'static Operation,
        request: &Request,
        host: &str,
    ) -> Result<(HeaderMap, Permit), Cause> {
        let pace = &self.shared.pace;
        loop {
            let held = pace.held(host, operation.name)?;
            if !held.is_zero() {
                pace.sleep(held).await;
                pace.sleep(pace.queue_again(host)).await;
            }
            let headers = self.credential.headers(request).await?;
            let signed = pace.tick();
            let permit = pace.permit().await?;
            if pace.tick().saturating_duration_since(signed) <= SIGNED && pace.held(host, operation.name)?.is_zero() {
                return Ok((headers, permit));
            }
        }
    }

    /// Sends once and reads the whole reply. One event tells of it.
    async fn attempt(
        &self,
        operation: &'static Operation,
        request: &Request,
        headers: &HeaderMap,
        permit: Permit,
        attempt: u32,
    ) -> Result<Reply, Failure> {
        let pace = &self.shared.pace;
        let limit = self.shared.settings.connection.time.total;
        pace.count_request();
        let began = pace.tick();
        let heard = match timeout(limit, self.once(operation, request, headers)).await {
            Ok(heard) => heard,
            Err(_) => Err(Failure::late("total", limit, &shown_host(&request.url), "asking")),
        };
        drop(permit);
        let milliseconds = u64::try_from(pace.tick().saturating_duration_since(began).as_millis()).unwrap_or(u64::MAX);
        match &heard {
            Ok(reply) => {
                pace.count_received(reply.body.len());
                pace.learn(self.paced_as(request), reply);
                let (status, bytes) = (reply.status.as_u16(), reply.body.len());
                tracing::debug!(operation = operation.name, status, bytes, milliseconds, attempt, "answered");
            }
            Err(failure) => {
                let code = failure.cause.code();
                tracing::debug!(operation = operation.name, code, milliseconds, attempt, "not answered");
            }
        }
        heard
    }

    async fn once(
        &self,
        operation: &'static Operation,
        request: &Request,
        headers: &HeaderMap,
    ) -> Result<Reply, Failure> {
        let connection = &self.shared.settings.connection;
        let host = shown_host(&request.url);
        let mut all = request.headers.clone();
        for (name, mut value) in headers.iter().map(|(name, value)| (name.clone(), value.clone())) {
            value.set_sensitive(true);
            all.insert(name, value);
        }
        let response = match &self.shared.way {
            Way::Network(client) => self.over_network(client, operation, request, all, &host).await?,
            Way::Wire(wire) => self.over_wire(wire.as_ref(), operation, request, all, &host).await?,
            Way::Recording => {
                let what = String::from("a door without a network was asked to send");
                return Err(Failure::unsent(Cause::Bug { what }));
            }
        };
        let now = self.now();
        self.check_head(operation, &response)?;
        let at = self.shared.clock.hear(response.headers(), &host, operation.name, now).map_err(Failure::answered)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = self.read_body(operation, response, &host).await?;
        let (url, limits) = (request.url.clone(), connection.limits);
        let reply = Reply { status, headers, body, at, operation: operation.name, url, limits };
        // The libraries that read XML have no limits of their own.
        if status.is_success() && matches!(reply.media_type().as_str(), "text/xml" | "application/xml") {
            xml::look_over(operation.name, &reply.body, &limits).map_err(Failure::answered)?;
        }
        Ok(reply)
    }

    /// Connects, sends, and waits for the head of the reply.
    async fn over_network(
        &self,
        client: &Client,
        operation: &'static Operation,
        request: &Request,
        headers: HeaderMap,
        host: &str,
    ) -> Result<Response, Failure> {
        let connection = &self.shared.settings.connection;
        let mut building = client.request(request.method.clone(), request.url.clone()).headers(headers);
        if !request.body.is_empty() {
            building = building.body(request.body.clone());
        }
        let silent = connection.time.connect + connection.time.idle;
        match timeout(silent, building.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if error.is_builder() => Err(cannot_be_sent(operation)),
            Ok(Err(error)) => {
                // Plain text never goes through it.
                let proxied = connection.proxy.is_some() && request.url.scheme() == "https";
                Err(Failure::of_head(&error.without_url(), host, connection.time.connect, proxied))
            }
            Err(_) => Err(Failure::late("idle", connection.time.idle, host, "waiting for headers from")),
        }
    }

    /// The same over a wire.
    async fn over_wire(
        &self,
        wire: &dyn Wire,
        operation: &'static Operation,
        request: &Request,
        headers: HeaderMap,
        host: &str,
    ) -> Result<Response, Failure> {
        let building = http::Request::builder().method(request.method.clone()).uri(request.url.as_str());
        let Ok(mut carried) = building.body(request.body.clone()) else { return Err(cannot_be_sent(operation)) };
        *carried.headers_mut() = headers;
        match wire.carry(carried).await {
            Ok(answered) => Ok(Response::from(answered.map(reqwest::Body::wrap))),
            Err(broken) => Err(broken.failure(host, self.shared.settings.connection.time.idle)),
        }
    }

    fn check_head(&self, operation: &'static Operation, response: &Response) -> Result<(), Failure> {
        let limits = self.shared.settings.connection.limits;
        let bytes: usize = response.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if bytes > limits.headers {
            return Err(Failure::large(
                operation.name,
                &format!("{bytes} bytes of headers, allowed {}", limits.headers),
            ));
        }
        if response.content_length().is_some_and(|length| length > limits.body) {
            return Err(Failure::large(operation.name, &too_large(limits.body)));
        }
        // What was asked for has been undone by now, and its header is gone.
        let foreign = response.headers().get("content-encoding").is_some_and(|value| value != "identity");
        if foreign && response.content_length() != Some(0) {
            let what = format!("{}: a compression that was not asked for", operation.name);
            return Err(Failure::answered(Cause::Malformed { what }));
        }
        Ok(())
    }

    async fn read_body(
        &self,
        operation: &'static Operation,
        mut response: Response,
        host: &str,
    ) -> Result<Bytes, Failure> {
        let connection = &self.shared.settings.connection;
        let most = usize::try_from(connection.limits.body).unwrap_or(usize::MAX);
        let expected = response.content_length();
        let mut body = BytesMut::new();
        loop {
            match timeout(connection.time.idle, response.chunk()).await {
                Err(_) => return Err(Failure::late("idle", connection.time.idle, host, "reading the body from")),
                Ok(Err(error)) => {
                    return Err(Failure::of_body(&error.without_url(), operation.name, expected, body.len()));
                }
                Ok(Ok(None)) => return Ok(body.freeze()),
                Ok(Ok(Some(chunk))) if chunk.len() > most - body.len() => {
                    return Err(Failure::large(operation.name, &too_large(connection.limits.body)));
                }
                Ok(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
            }
        }
    }
}

fn cannot_be_sent(operation: &'static Operation) -> Failure {
    let what = format!("{}: the address cannot be sent as it is", operation.name);
    Failure::unsent(Cause::Malformed { what })
}

fn too_large(limit: u64) -> String {
    format!("a body of more than {limit} bytes")
}
