//! What changes something: sent once, and again only where nothing of it can have been taken.

use http::Method;

use crate::dialect::Dialect;
use crate::door::WriteFailed;
use crate::request::Request;
use crate::settings::{Connection, PaceSettings};
use crate::testing::{Act, Server, connection, door, members, open, reply};

fn make(server: &Server) -> Request {
    Request { method: Method::POST, ..Request::get(server.url("/tickets")) }
}

fn patient(server: &Server) -> crate::Door {
    let pace = Some(PaceSettings { attempts: 4, ..connection().pace.unwrap() });
    open(vec![server.rule()], Dialect::Plain, Connection { pace, ..connection() }).unwrap()
}

#[tokio::test]
async fn tkt2_a_write_is_not_repeated_where_it_may_have_been_taken() {
    // A proxy says 503 with a time to wait for a service that may have taken it; 500 and 502 say nothing either way.
    for status in [500, 502, 503] {
        let server = Server::plain(move |_, _| reply(status, &[("retry-after", "1")], "{}")).await;
        let answered = patient(&server).write(make(&server)).await.unwrap();
        assert_eq!((answered.status.as_u16(), server.count()), (status, 1));
    }
    let server = Server::plain(|_, _| vec![Act::Close]).await;
    let lost = patient(&server).write(make(&server)).await;
    assert!(matches!(lost, Err(WriteFailed::MayHaveHappened(_))), "{lost:?}");
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_write_that_was_refused_for_a_limit_is_sent_again() {
    let server = Server::plain(|number, _| match number {
        1 => reply(429, &[("retry-after", "1")], "{}"),
        _ => reply(201, &[], "{}"),
    })
    .await;
    let made = patient(&server).write(make(&server)).await.unwrap();
    assert_eq!((made.status.as_u16(), server.count()), (201, 2));
}

#[tokio::test]
async fn what_is_no_write_is_not_sent_as_one_and_where_nobody_listens_nothing_was_taken() {
    let server = Server::plain(|_, _| reply(200, &[], "[]")).await;
    let refused = door(&server).write(members(&server)).await;
    assert!(matches!(refused, Err(WriteFailed::NotSent(_))), "{refused:?}");
    assert_eq!(server.count(), 0);
    let gone = Server::plain(|_, _| reply(200, &[], "[]")).await;
    let (way, request) = (door(&gone), make(&gone));
    drop(gone);
    let nobody = way.write(request).await;
    assert!(matches!(nobody, Err(WriteFailed::NotSent(_))), "{nobody:?}");
}
