//! The chaos proxy does what it was told, and counts it.
#![expect(clippy::expect_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::time::Duration;

use holdover_kit::chaos::{ChaosProxy, Line};
use holdover_kit::fault::{Answer, Asked, FaultServer};

fn served() -> (FaultServer, ChaosProxy) {
    let server = FaultServer::start(Arc::new(|asked: &Asked| {
        Answer::bytes("text/plain", vec![b'x'; 4096]).with("link", &asked.address())
    }));
    let proxy = ChaosProxy::start(server.port());
    server.known_as(&proxy.origin("http"));
    (server, proxy)
}

async fn fetch(proxy: &ChaosProxy) -> reqwest::Result<(String, usize)> {
    // A client of its own for each request, so that each has its own connection.
    let client = reqwest::Client::builder().no_proxy().read_timeout(Duration::from_secs(2)).build().expect("a client");
    let response = client.get(format!("{}/a", proxy.origin("http"))).send().await?;
    let link = response.headers()["link"].to_str().expect("text").to_owned();
    Ok((link, response.bytes().await?.len()))
}

#[tokio::test]
async fn a_good_line_passes_everything_and_links_lead_back_to_it() {
    let (server, proxy) = served();
    let (link, length) = fetch(&proxy).await.expect("a good line");
    assert_eq!((link, length), (format!("{}/a", proxy.origin("http")), 4096));
    assert!(proxy.counts().down > 4096 && proxy.counts().up > 0);
    server.finish();
}

#[tokio::test]
async fn bad_lines_are_bad_for_as_many_connections_as_told() {
    let (server, proxy) = served();
    let bad = [
        Line { reset_after: Some(1000), ..Line::default() },
        Line { half_close_after: Some(1000), ..Line::default() },
        Line { black_hole: true, ..Line::default() },
    ];
    for line in bad {
        proxy.set(Line { connections: 1, ..line });
        assert!(fetch(&proxy).await.is_err(), "{line:?}");
        assert_eq!(fetch(&proxy).await.expect("the next one is good").1, 4096, "{line:?}");
    }
    let counts = proxy.counts();
    assert_eq!((counts.resets, counts.half_closes, counts.swallowed, counts.connections), (1, 1, 1, 6));
    server.finish();
}

#[tokio::test]
async fn a_slow_line_is_slow() {
    let (server, proxy) = served();
    proxy.set(Line { latency: Duration::from_millis(20), bytes_per_second: Some(40_000), ..Line::default() });
    let began = tokio::time::Instant::now();
    assert_eq!(fetch(&proxy).await.expect("slow, but whole").1, 4096);
    assert!(began.elapsed() >= Duration::from_millis(130), "{:?}", began.elapsed());
    server.finish();
}
