//! A service that allows so many requests a second and refuses the rest.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::answer::Answer;
use super::asked::Asked;

type Refusal = Arc<dyn Fn(&Asked, Duration) -> Answer + Send + Sync>;

/// A token bucket before the stub.
#[derive(Clone)]
pub struct RateLimit {
    per_second: f64,
    burst: f64,
    refusal: Refusal,
    bucket: Arc<Mutex<Option<(Instant, f64)>>>,
}

impl RateLimit {
    /// So many requests a second, as many at once after a rest. `refusal` writes the answer in the service's own
    /// dialect; it is given the time until the next request would be allowed.
    pub fn per_second(per_second: u32, refusal: impl Fn(&Asked, Duration) -> Answer + Send + Sync + 'static) -> Self {
        let rate = f64::from(per_second.max(1));
        Self { per_second: rate, burst: rate, refusal: Arc::new(refusal), bucket: Arc::default() }
    }

    /// 429 with `Retry-After` in whole seconds.
    pub fn plain(per_second: u32) -> Self {
        Self::per_second(per_second, |_, wait| {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            Answer::json(&serde_json::json!({"message": "slow down"})).of(429).with("retry-after", &seconds.to_string())
        })
    }

    /// The same with another number of requests at once.
    #[must_use]
    pub fn burst(mut self, burst: u32) -> Self {
        self.burst = f64::from(burst.max(1));
        self
    }

    /// `None`: allowed.
    pub(super) fn refuses(&self, asked: &Asked) -> Option<Answer> {
        let wait = {
            let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let (last, tokens) = bucket.unwrap_or((now, self.burst));
            let tokens = (tokens + now.duration_since(last).as_secs_f64() * self.per_second).min(self.burst);
            if tokens >= 1.0 {
                *bucket = Some((now, tokens - 1.0));
                return None;
            }
            *bucket = Some((now, tokens));
            Duration::from_secs_f64((1.0 - tokens) / self.per_second)
        };
        Some((self.refusal)(asked, wait))
    }
}
