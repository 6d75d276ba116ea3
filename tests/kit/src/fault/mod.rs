//! A service that can fail in every way a service can fail.
//!
//! A [`Stub`] gives right answers; over it lies a script of faults ([`FaultServer::plant`]): [`On`] says which requests
//! are met, [`Damage`] what happens to their answers. The server runs on threads of its own, so that it serves tests
//! with and without a runtime. It writes down every request, fails the test on a request outside the scanner's list
//! ([`Build::operations`]), and on a fault that was planted and never fired.
//!
//! ```
//! use std::sync::Arc;
//! use holdover_kit::fault::{Answer, Asked, Damage, FaultServer, On, Stub};
//! use serde_json::json;
//!
//! /// The truth the answers come from. Tests derive what they expect from it, never from an answer.
//! struct Rooms {
//!     names: Vec<String>,
//! }
//!
//! impl Stub for Rooms {
//!     fn answer(&self, asked: &Asked) -> Answer {
//!         if asked.token() != Some("right") {
//!             return Answer::json(&json!({"message": "bad credentials"})).of(401);
//!         }
//!         match asked.route().as_slice() {
//!             ["GET", "rooms"] => {
//!                 let from = asked.number_of("from", 0);
//!                 let page: Vec<&String> = self.names.iter().skip(from).take(2).collect();
//!                 let answer = Answer::json(&json!({"rooms": page}));
//!                 if from + 2 >= self.names.len() {
//!                     return answer;
//!                 }
//!                 answer.with("link", &format!("<{}/rooms?from={}>; rel=\"next\"", asked.origin, from + 2))
//!             }
//!             _ => Answer::status(404),
//!         }
//!     }
//! }
//!
//! let rooms = Arc::new(Rooms { names: vec!["hall".into(), "attic".into(), "cellar".into()] });
//! let server = FaultServer::build(Arc::clone(&rooms))
//!     // In a scanner's tests: the crate's own table.
//!     .operations(|asked| (asked.path == "/rooms").then(|| String::from("rooms:List")))
//!     .start();
//! let throttled = server.plant(On::get("/rooms").query("from", "2").times(2), Damage::status(429));
//! // let scanner = ...new(server.origin()); read it; assert coverage first, records second; then:
//! # use std::io::{Read, Write};
//! # let mut plain = std::net::TcpStream::connect(("127.0.0.1", server.port())).unwrap();
//! # plain.write_all(b"GET /rooms?from=2 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer right\r\nconnection: close\r\n\r\n").unwrap();
//! # let mut text = String::new();
//! # plain.read_to_string(&mut text).unwrap();
//! # assert!(text.starts_with("HTTP/1.1 429"));
//! assert!(throttled.fired() > 0);
//! let log = server.finish(); // fails on unlisted requests and on faults that never fired
//! assert_eq!(log[0].asked.operation, "rooms:List");
//! ```
//!
//! With [`Forward`] in the place of a stub, the same faults lie over a server that we did not write.
//!
//! Stubs of real systems are in [`crate::stub`], one folder each.

mod answer;
mod asked;
mod body;
mod damage;
mod forward;
mod limit;
mod listen;
mod rule;
mod script;
mod server;
mod tls;
mod wire;

pub use answer::Answer;
pub use asked::Asked;
pub use damage::{Damage, gzip};
pub use forward::Forward;
pub use limit::RateLimit;
pub use rule::{On, Planted, path_fits};
pub use script::Logged;
pub use server::{Build, FaultServer, Stub};
pub use tls::Tls;
