//! Handing the metrics of a run to a Pushgateway, for places where no node exporter runs.
//!
//! One group, `job=holdover` and nothing else: `PUT` replaces all of it, so that nothing of an earlier run is left
//! (<https://github.com/prometheus/pushgateway>, "PUT method"). The text holds no timestamps, which the gateway refuses.
//! It must never push what the textfile would not hold.

use std::path::Path;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use prometheus::proto::MetricFamily;
use scan_contract::Cause;
use scan_transport::door::Now;
use scan_transport::{
    Action, AllowList, Dialect, Door, Keep, Operation, OriginRule, Purpose, Reach, Reply, Request, Settings,
    WriteFailed, encode,
};
use url::Url;

use crate::config::PushgatewayConfig;
use crate::metrics::{MetricsError, encode as as_text};

/// Value of the label `job` of our group.
pub const JOB: &str = "holdover";

const PUT_GROUP: Operation = Operation {
    name: "PUT /metrics/job/holdover",
    method: "PUT",
    path: "/metrics/job/holdover",
    action: Action::Plain,
    purpose: Purpose::Write,
    rights: &[],
    keep: Keep::Nothing,
};

/// All that may be sent to a Pushgateway; it may lie below a path of its own (`--web.route-prefix`).
pub static ALLOW: AllowList = AllowList {
    connector: "pushgateway",
    operations: &[
        PUT_GROUP,
        Operation {
            name: "PUT /{prefix}/metrics/job/holdover",
            path: "/{prefix...}/metrics/job/holdover",
            ..PUT_GROUP
        },
    ],
};

/// A Pushgateway.
#[derive(Debug, Clone)]
pub struct Pushgateway {
    door: Door,
    url: Url,
}

impl Pushgateway {
    /// The configured one. Nothing is sent yet. Paths of certificates start at `base`.
    ///
    /// # Errors
    /// Settings that cannot hold: certificates that cannot be read, plain text to another machine.
    pub fn open(config: &PushgatewayConfig, base: &Path, now: Now) -> Result<Self, MetricsError> {
        let address = || config.url.to_string();
        let failed = |cause: Cause| MetricsError::Push { url: address(), cause };
        let mut connection = config.connection.clone();
        connection.roots = connection.roots.map(|file| base.join(file));
        // The operator named this one address, and no answer leads to another.
        let origin = OriginRule::of(&config.url, Reach::Internal)
            .ok_or_else(|| failed(Cause::Needs { what: String::from("an address of a Pushgateway") }))?;
        let settings = Settings::new("pushgateway", vec![origin], Dialect::Plain, connection);
        let door = Door::open(settings, &ALLOW, now).map_err(failed)?;
        let url = encode::join(&config.url, &["metrics", "job", JOB], &[]).map_err(failed)?;
        Ok(Self { door, url })
    }

    /// Replaces our group by these families.
    ///
    /// # Errors
    /// Not reached, not taken, or no answer. Since the same group replaces itself, a lost answer is asked for once more.
    pub async fn push(&self, families: &[MetricFamily]) -> Result<(), MetricsError> {
        let text = Bytes::from(as_text(families)?);
        let mut reply = self.put(&text).await;
        if matches!(reply, Err(WriteFailed::MayHaveHappened(_))) {
            reply = self.put(&text).await;
        }
        let reply = reply.map_err(|failed| {
            let (WriteFailed::NotSent(cause) | WriteFailed::MayHaveHappened(cause)) = failed;
            MetricsError::Push { url: self.url.to_string(), cause }
        })?;
        if matches!(reply.status, StatusCode::OK | StatusCode::ACCEPTED) {
            return Ok(());
        }
        let (status, says) = (reply.status.as_u16(), reply.describe());
        Err(MetricsError::PushRefused { url: self.url.to_string(), status, says })
    }

    async fn put(&self, text: &Bytes) -> Result<Reply, WriteFailed> {
        let request =
            Request { method: Method::PUT, url: self.url.clone(), headers: HeaderMap::new(), body: text.clone() };
        let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        self.door.write(request.with(header::CONTENT_TYPE, kind)).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn the_list_is_sound_and_holds_writes_of_one_group_alone() {
        assert_eq!(ALLOW.check(), Vec::<String>::new());
        for (method, url, allowed) in [
            ("PUT", "http://127.0.0.1:9091/metrics/job/holdover", true),
            ("PUT", "https://a.example/push/gateway/metrics/job/holdover", true),
            ("PUT", "http://127.0.0.1:9091/metrics/job/other", false),
            ("PUT", "http://127.0.0.1:9091/metrics/job/holdover/instance/a", false),
            ("DELETE", "http://127.0.0.1:9091/metrics/job/holdover", false),
            ("PUT", "http://127.0.0.1:9091/api/v1/admin/wipe", false),
        ] {
            let mut request = Request::get(Url::parse(url).unwrap());
            request.method = method.parse().unwrap();
            assert_eq!(ALLOW.find_request(&request).is_ok(), allowed, "{method} {url}");
        }
    }

    #[test]
    fn plain_text_to_another_machine_is_refused_and_a_path_is_kept() {
        let open = |url: &str, plain_to_loopback: bool| {
            let connection = scan_transport::Connection { plain_to_loopback, ..scan_transport::Connection::default() };
            let config = PushgatewayConfig { url: Url::parse(url).unwrap(), connection };
            Pushgateway::open(&config, Path::new("."), Arc::new(|| scan_contract::Instant::UNIX_EPOCH))
        };
        assert!(open("http://push.example:9091/", true).is_err());
        assert!(open("http://127.0.0.1:9091/", false).is_err());
        let below = open("http://127.0.0.1:9091/gateway/", true).unwrap();
        assert_eq!(below.url.as_str(), "http://127.0.0.1:9091/gateway/metrics/job/holdover");
        assert_eq!(open("https://push.example", false).unwrap().url.path(), "/metrics/job/holdover");
    }
}
