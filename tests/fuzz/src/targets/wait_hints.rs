//! What a reply says of limits: `Retry-After`, HTTP dates, reset headers, in every dialect (TIM-2, TIM-3).

use std::time::Duration;

use scan_contract::Cause;
use scan_transport::{Dialect, Signal, Wait};

use crate::help::unseen::check_inert;
use crate::help::{reply, variant};

pub(super) const HOLDS: &str = "429 is a limit in every dialect; a wait that is believed is more than nothing and at most a week; a \
    plain success is never a limit without saying so; no description of a reply repeats its body or acts";

const DIALECTS: [Dialect; 7] =
    [Dialect::Plain, Dialect::Aws, Dialect::GitHub, Dialect::Okta, Dialect::Vault, Dialect::BambooHr, Dialect::Graph];
const STATUSES: [u16; 8] = [200, 400, 403, 412, 429, 500, 502, 503];

pub(super) fn run(bytes: &[u8]) {
    let (choice, bytes) = variant(bytes);
    let status = STATUSES[usize::from(choice) % STATUSES.len()];
    let (headers, body) = reply::parse(bytes);
    let Some(reply) = reply::reply(status, &headers, body) else { return };
    for dialect in DIALECTS {
        let signal = dialect.read(&reply);
        let wait = match signal {
            Signal::Go => {
                assert_ne!(status, 429, "{dialect:?}");
                continue;
            }
            Signal::Throttled(wait) | Signal::Stumbled(wait) => wait,
        };
        assert!(status != 200 || dialect == Dialect::GitHub, "{dialect:?}: a success is {signal:?}");
        if let Wait::For(wait) = wait {
            assert!(!wait.is_zero() && wait <= Duration::from_hours(7 * 24), "{dialect:?}: {wait:?}");
        }
    }
    check_inert(&reply.describe(), false);
    check_inert(&reply.media_type().chars().filter(|c| !c.is_control()).collect::<String>(), false);
    let cause = reply.unexpected();
    check_inert(&cause.to_string(), false);
    assert!(!matches!(cause, Cause::Bug { .. }), "{cause}");
}
