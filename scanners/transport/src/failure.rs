//! What went wrong on the way, in words: host, step and check, never an address with its query and never a body.

use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;

use scan_contract::Cause;
use tokio_rustls::rustls::{AlertDescription, CertificateError, Error as TlsError};

use crate::address::ResolveError;

/// Whether asking again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// It cannot.
    No,
    /// A few times: the network, not the service.
    Network,
    /// As often as the pace allows.
    Service,
}

/// An attempt that gave no whole reply.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Why.
    pub(crate) cause: Cause,
    /// Whether asking again can help.
    pub(crate) again: Again,
    /// Whether the service may have taken the request.
    pub(crate) reached: Reached,
}

/// Whether a service may have taken a request that got no whole reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reached {
    /// Nothing of it was sent: no name, no connection, no TLS.
    No,
    /// It may have been taken.
    Perhaps,
}

impl Failure {
    fn unreachable(step: String, detail: impl Into<String>, again: Again, reached: Reached) -> Self {
        Self { cause: Cause::Unreachable { step, detail: detail.into() }, again, reached }
    }

    /// A connection that did not come to be, or did not last.
    pub(crate) fn broken(step: String, detail: &str, reached: Reached) -> Self {
        Self::unreachable(step, detail, Again::Network, reached)
    }

    /// What no repeat mends, found before anything was sent.
    pub(crate) fn unsent(cause: Cause) -> Self {
        Self { cause, again: Again::No, reached: Reached::No }
    }

    /// What no repeat mends, found in what came back.
    pub(crate) fn answered(cause: Cause) -> Self {
        Self { cause, again: Again::No, reached: Reached::Perhaps }
    }

    /// A limit of time.
    pub(crate) fn late(what: &str, limit: Duration, host: &str, doing: &str) -> Self {
        let limit = format!("{what} time limit of {} while {doing} {host}", shown(limit));
        Self { cause: Cause::LimitHit { limit }, again: Again::Network, reached: Reached::Perhaps }
    }

    /// A limit of size.
    pub(crate) fn large(operation: &str, limit: &str) -> Self {
        Self::answered(Cause::LimitHit { limit: format!("{operation}: {limit}") })
    }

    /// No connection, or no head of a reply.
    pub(crate) fn of_head(error: &reqwest::Error, host: &str, connect: Duration, proxied: bool) -> Self {
        if let Some(error) = find::<ResolveError>(error) {
            let again = if matches!(error, ResolveError::NoAnswer(_)) { Again::Network } else { Again::No };
            // Behind a proxy the only name that is looked up here is its own.
            let step = if proxied { format!("resolve the proxy to {host}") } else { format!("resolve {host}") };
            return Self::unreachable(step, error.to_string(), again, Reached::No);
        }
        if let Some(tls) = find::<TlsError>(error) {
            let (says, again) = tls_words(tls);
            // An alert can come after the request was sent; only a handshake that failed proves that nothing was.
            let reached = if error.is_connect() { Reached::No } else { Reached::Perhaps };
            return Self::unreachable(format!("TLS with {host}"), says, again, reached);
        }
        if error.is_connect() {
            let detail =
                if error.is_timeout() { format!("connect time limit of {}", shown(connect)) } else { io_words(error) };
            let way = if proxied { " through the proxy" } else { "" };
            return Self::unreachable(format!("connect to {host}{way}"), detail, Again::Network, Reached::No);
        }
        if find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse_too_large) {
            return Self::large(host, "more headers than allowed");
        }
        let step = if find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
            "read headers from"
        } else {
            "send to"
        };
        let detail = match find::<hyper::Error>(error) {
            Some(inner) if inner.is_parse() => String::from("what came back is not HTTP"),
            Some(inner) if inner.is_incomplete_message() => String::from("the connection ended before the reply"),
            _ => io_words(error),
        };
        Self::unreachable(format!("{step} {host}"), detail, Again::Network, Reached::Perhaps)
    }

    /// A body that did not come whole.
    pub(crate) fn of_body(error: &reqwest::Error, operation: &str, expected: Option<u64>, got: usize) -> Self {
        let how = if error.is_decode() && find::<hyper::Error>(error).is_none() {
            "the compression is damaged or ends too early"
        } else {
            "the connection ended before the body"
        };
        let expected = expected.map_or_else(String::new, |expected| format!(" of {expected}"));
        let what = format!("{operation}: {how}: {got}{expected} bytes came");
        Self { cause: Cause::CutOff { what }, again: Again::Service, reached: Reached::Perhaps }
    }
}

/// The first error of type `T` in the chain, also inside I/O errors.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        // An I/O error that wraps another hides it from `source`.
        next = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

fn io_words(error: &reqwest::Error) -> String {
    let kind = find::<std::io::Error>(error).map(std::io::Error::kind);
    String::from(match kind {
        Some(ErrorKind::ConnectionRefused) => "connection refused",
        Some(ErrorKind::ConnectionReset) => "connection reset",
        Some(ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe) => "connection broken",
        Some(ErrorKind::HostUnreachable) => "no route to the host",
        Some(ErrorKind::NetworkUnreachable) => "no route to the network",
        Some(ErrorKind::UnexpectedEof) => "the connection ended too early",
        Some(ErrorKind::TimedOut) => "no answer in time",
        Some(kind) => return kind.to_string(),
        None => "the connection failed",
    })
}

fn tls_words(error: &TlsError) -> (String, Again) {
    let says = match error {
        TlsError::InvalidCertificate(check) => return (certificate_words(check), Again::No),
        TlsError::InvalidMessage(_) => "what answers does not speak TLS; plain text on a TLS port?",
        TlsError::PeerIncompatible(_) | TlsError::AlertReceived(AlertDescription::ProtocolVersion) => {
            "no TLS version or cipher in common; 1.2 or later is needed"
        }
        TlsError::AlertReceived(AlertDescription::HandshakeFailure) => "the service refused the handshake",
        TlsError::AlertReceived(_) => "the service ended the handshake with an alert",
        TlsError::NoCertificatesPresented => "the service showed no certificate",
        TlsError::PeerMisbehaved(_)
        | TlsError::InappropriateHandshakeMessage { .. }
        | TlsError::InappropriateMessage { .. } => "the service does not keep to the protocol",
        _ => "the handshake failed",
    };
    (String::from(says), Again::No)
}

fn certificate_words(check: &CertificateError) -> String {
    let says = match check {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "the certificate has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate is for another host"
        }
        CertificateError::UnknownIssuer => "the certificate's issuer is not among the trusted roots",
        CertificateError::Revoked => "the certificate was revoked",
        CertificateError::BadSignature => "the certificate's signature is wrong",
        CertificateError::BadEncoding => "the certificate cannot be read",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the certificate is not for servers"
        }
        _ => "the certificate was not accepted",
    };
    String::from(says)
}

fn shown(duration: Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{} ms", duration.as_millis())
    }
}
