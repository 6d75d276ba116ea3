//! A wire in the place of a network, for simulations: the lowest part of a door and nothing else.
//!
//! List, origins, pace, credentials, repeats, limits of size, clocks and recordings lie above it and are the real ones.
//! What lies below is not there: connections, names, TLS, and the time limits of each. Time passes on the wire alone, so
//! that an hour of waiting costs nothing and a seed repeats. The program never lays one: it opens doors onto the network,
//! and the house test holds that nothing else is named in it.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use crate::failure::{Failure, Reached};

/// Carries requests to something that answers, and keeps its own time.
#[async_trait]
pub trait Wire: Send + Sync {
    /// One exchange. What comes back is what came over the wire, whole or not.
    ///
    /// # Errors
    /// No answer at all.
    async fn carry(&self, request: http::Request<Bytes>) -> Result<http::Response<Arriving>, Broken>;

    /// Time since the wire was laid. Every wait of the door is measured by it.
    fn passed(&self) -> Duration;

    /// Lets time pass.
    async fn rest(&self, time: Duration);
}

/// Why nothing came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Nobody took the connection: nothing was sent.
    Refused,
    /// It ended before the answer: the request may have been taken.
    Reset,
    /// Nothing came within the time limit for headers.
    Silent,
}

impl Broken {
    /// What the door makes of it: the words and the repeats of the same thing on a network.
    pub(crate) fn failure(self, host: &str, limit: Duration) -> Failure {
        match self {
            Self::Refused => Failure::broken(format!("connect to {host}"), "connection refused", Reached::No),
            Self::Reset => Failure::broken(format!("send to {host}"), "connection reset", Reached::Perhaps),
            Self::Silent => Failure::late("idle", limit, host, "waiting for headers from"),
        }
    }
}

/// A body on its way.
#[derive(Debug)]
pub struct Arriving {
    pieces: VecDeque<Bytes>,
    /// Bytes that were announced, where they were.
    announced: Option<u64>,
    /// Whether the connection ends after the pieces although the body has not.
    breaks: bool,
}

impl Arriving {
    /// A body that comes whole.
    pub fn whole(body: Bytes) -> Self {
        Self { announced: Some(body.len() as u64), pieces: VecDeque::from([body]), breaks: false }
    }

    /// A body of which only the first bytes come before the connection ends.
    pub fn cut(body: &Bytes, at: usize) -> Self {
        let head = body.slice(..at.min(body.len()));
        Self { announced: Some(body.len() as u64), pieces: VecDeque::from([head]), breaks: true }
    }
}

/// The connection ended too early.
#[derive(Debug, thiserror::Error)]
#[error("the connection ended before the body")]
struct EndedEarly;

impl Body for Arriving {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.pieces.pop_front() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None if self.breaks => {
                self.breaks = false;
                Poll::Ready(Some(Err(Box::new(EndedEarly))))
            }
            None => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.announced.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU64, Ordering};

    use scan_contract::Cause;

    use super::*;
    use crate::door::Door;
    use crate::settings::Settings;
    use crate::testing::{LIST, clock};
    use crate::{Connection, Dialect, OriginRule, Reach, Request};

    /// Answers in turn, and counts the seconds that were waited.
    struct Script {
        answers: Mutex<VecDeque<Result<http::Response<Arriving>, Broken>>>,
        waited: AtomicU64,
    }

    #[async_trait]
    impl Wire for Script {
        async fn carry(&self, request: http::Request<Bytes>) -> Result<http::Response<Arriving>, Broken> {
            assert_eq!(request.uri().host(), Some("api.acme.example"));
            self.answers.lock().unwrap().pop_front().expect("an answer")
        }

        fn passed(&self) -> Duration {
            Duration::from_millis(self.waited.load(Ordering::SeqCst))
        }

        async fn rest(&self, time: Duration) {
            self.waited.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "stands beside what is broken in a script")]
    fn answer(status: u16, header: (&str, &str), body: Arriving) -> Result<http::Response<Arriving>, Broken> {
        let response = http::Response::builder().status(status).header("content-type", "application/json");
        Ok(response.header(header.0, header.1).body(body).unwrap())
    }

    fn whole(text: &'static str) -> Arriving {
        Arriving::whole(Bytes::from_static(text.as_bytes()))
    }

    fn door(answers: Vec<Result<http::Response<Arriving>, Broken>>) -> (Door, Arc<Script>) {
        let wire = Arc::new(Script { answers: Mutex::new(answers.into()), waited: AtomicU64::new(0) });
        let rule = OriginRule {
            scheme: String::from("https"),
            host: String::from("api.acme.example"),
            port: 443,
            reach: Reach::Public,
        };
        let settings = Settings::new("sim", vec![rule], Dialect::Plain, Connection::default());
        let door = Door::over(settings, &LIST, clock(), Arc::<Script>::clone(&wire) as _).unwrap();
        (door, wire)
    }

    fn members() -> Request {
        Request::get("https://api.acme.example/orgs/acme/members".parse().unwrap())
    }

    #[tokio::test]
    async fn waits_pass_on_the_wire_and_repeats_are_the_doors_own() {
        let (door, wire) = door(vec![
            answer(429, ("retry-after", "120"), whole("{}")),
            Err(Broken::Reset),
            answer(200, ("x-a", "b"), Arriving::cut(&Bytes::from_static(b"[1,2,3]"), 3)),
            answer(200, ("x-a", "b"), whole("[1,2,3]")),
        ]);
        let reply = door.send(members()).await.unwrap();
        assert_eq!(reply.json::<Vec<u32>>(), Ok(vec![1, 2, 3]));
        assert!(wire.passed() >= Duration::from_secs(122), "{:?}", wire.passed());
        assert_eq!((door.effort().requests, door.effort().retries), (4, 3));
    }

    #[tokio::test]
    async fn the_list_and_the_origins_hold_above_it() {
        let (door, _) = door(Vec::new());
        let elsewhere = Request::get("https://api.other.example/orgs/acme/members".parse().unwrap());
        assert!(matches!(door.send(elsewhere).await, Err(Cause::Malformed { .. })));
        let unlisted = Request { method: http::Method::DELETE, ..members() };
        assert!(matches!(door.send(unlisted).await, Err(Cause::Bug { .. })));
    }

    #[tokio::test]
    async fn what_never_answers_is_unreachable_after_a_few_attempts() {
        let (door, _) = door(vec![Err(Broken::Refused), Err(Broken::Silent), Err(Broken::Refused)]);
        assert!(matches!(door.send(members()).await, Err(Cause::Unreachable { .. })));
    }
}
