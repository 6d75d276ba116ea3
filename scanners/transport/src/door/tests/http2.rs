//! The same door over HTTP/2.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use scan_contract::Cause;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use url::Url;

use crate::dialect::Dialect;
use crate::request::Request;
use crate::settings::{Connection, OriginRule, Reach};
use crate::testing::authority::Authority;
use crate::testing::{connection, http_date, open};

/// Some bytes, then, once they had the time to arrive, a reset of the stream.
struct Breaks {
    bytes: Option<Bytes>,
    then: Pin<Box<tokio::time::Sleep>>,
}

impl Body for Breaks {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(bytes) = self.bytes.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        self.then.as_mut().poll(context).map(|()| Some(Err(std::io::ErrorKind::BrokenPipe.into())))
    }
}

async fn ask<B>(body: impl Fn() -> B + Send + Sync + 'static, big: bool) -> Result<crate::reply::Reply, Cause>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    let authority = Authority::new();
    let acceptor = TlsAcceptor::from(authority.http2_server("api.example"));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = Url::parse(&format!("https://api.example:{}/orgs/acme/members", listener.local_addr().unwrap().port()))
        .unwrap();
    let mut server = JoinSet::new();
    server.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let stream = TokioIo::new(acceptor.accept(stream).await.unwrap());
            let service = service_fn(|request: http::Request<hyper::body::Incoming>| {
                assert_eq!(request.version(), http::Version::HTTP_2);
                let mut answer =
                    http::Response::builder().header("date", http_date(0)).header("content-type", "application/json");
                if big {
                    answer = answer.header("x-large", "v".repeat(70 * 1024));
                }
                let answer = answer.body(body()).unwrap();
                async move { Ok::<_, Infallible>(answer) }
            });
            drop(
                hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await,
            );
        }
    });
    let rule = OriginRule::of(&url, Reach::Internal).unwrap();
    let door = open(vec![rule], Dialect::Plain, Connection { roots: Some(authority.roots()), ..connection() }).unwrap();
    door.send(Request::get(url)).await
}

#[tokio::test]
async fn a_whole_reply_comes_over_http2() {
    let reply = ask(|| Full::new(Bytes::from_static(b"[1,2]")), false).await.unwrap();
    assert_eq!(reply.json::<Vec<u8>>(), Ok(vec![1, 2]));
}

#[tokio::test]
async fn p10_a_stream_that_is_reset_is_cut_off() {
    let heard = ask(
        || Breaks {
            bytes: Some(Bytes::from_static(b"[1,")),
            then: Box::pin(tokio::time::sleep(std::time::Duration::from_millis(100))),
        },
        false,
    )
    .await;
    assert!(matches!(&heard, Err(Cause::CutOff { what }) if what.contains("3 bytes came")), "{heard:?}");
}

#[tokio::test]
async fn net5_headers_are_bounded_over_http2() {
    let heard = ask(|| Full::new(Bytes::from_static(b"[]")), true).await;
    assert!(heard.is_err(), "{heard:?}");
}
