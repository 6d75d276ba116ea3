//! Asks a service: waits for the pace, calls, repeats where that helps.
//!
//! The wait comes before the call, and the call signs, so a signature is never older than its request (TIM-5). An
//! expired credential is renewed once for each request.

use std::sync::Arc;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use scan_contract::Cause;
use scan_transport::Door;
use scan_transport::dialect::{Signal, Wait};

use crate::live::failure::Failure;
use crate::live::sign_in::Signer;

/// Asks one service of one account.
#[derive(Clone)]
pub(crate) struct Asker {
    door: Arc<Door>,
    /// Limits of AWS hold for each account and service, so each pair has a pace of its own.
    pace_of: Arc<str>,
    signer: Arc<Signer>,
}

impl Asker {
    pub(crate) fn new(door: &Arc<Door>, pace_of: impl Into<Arc<str>>, signer: &Arc<Signer>) -> Self {
        Self { door: Arc::clone(door), pace_of: pace_of.into(), signer: Arc::clone(signer) }
    }

    /// Calls `send` until it answers or asking again cannot help. `operation` is the name in the list of allowed
    /// requests.
    pub(crate) async fn ask<T, E, F>(&self, operation: &'static str, send: impl Fn() -> F) -> Result<T, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let mut attempt = 0;
        let mut renewed = false;
        loop {
            attempt += 1;
            let wait = self.door.pace().reserve(&self.pace_of).map_err(Failure::own)?;
            self.sleep(wait).await;
            let failure = match send().await {
                Ok(answer) => return Ok(answer),
                Err(error) => Failure::of(operation, &error),
            };
            if failure.is_expired() && !renewed {
                renewed = true;
                self.signer.renew().await;
                continue;
            }
            let wait = match failure.signal {
                Signal::Go => return Err(failure),
                Signal::Throttled(wait) | Signal::Stumbled(wait) => wait,
            };
            let again = self.again(attempt, wait, failure.cause.clone());
            match again {
                Ok(wait) => self.sleep(wait).await,
                Err(cause) => return Err(Failure { cause, ..failure }),
            }
        }
    }

    fn again(&self, attempt: u32, wait: Wait, otherwise: Cause) -> Result<std::time::Duration, Cause> {
        self.door.pace().retry(&self.pace_of, attempt, wait, otherwise)
    }

    /// Waits, unless the answers come from a recording.
    pub(crate) async fn sleep(&self, wait: std::time::Duration) {
        if !wait.is_zero() && !self.door.replays() {
            tokio::time::sleep(wait).await;
            self.door.pace().waited(wait);
        }
    }
}
