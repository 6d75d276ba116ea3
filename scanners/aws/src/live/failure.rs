//! What a failed call means.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use scan_contract::Cause;
use scan_transport::dialect::{Signal, Wait};

use crate::live::connector::{Carried, Heard};
use crate::live::xml::refusal;
use crate::text::short;

/// A call that gave nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Code of the service, such as `NoSuchEntity`, where it gave one.
    pub(crate) code: Option<String>,
    /// Status of the answer, where there was one.
    pub(crate) status: Option<u16>,
    /// What to tell.
    pub(crate) cause: Cause,
    /// Whether asking again can help, and when.
    pub(crate) signal: Signal,
    /// Whether Identity Center says that an instance of this sort has no such thing.
    pub(crate) says_not_supported: bool,
}

impl Failure {
    /// A failure that did not come from a service.
    pub(crate) fn own(cause: Cause) -> Self {
        Self { code: None, status: None, cause, signal: Signal::Go, says_not_supported: false }
    }

    /// The same, met on this page of a list.
    pub(crate) fn on_page(self, page: usize) -> Self {
        Self { cause: self.cause.on_page(page), ..self }
    }

    /// Whether the service gave this code.
    pub(crate) fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// Whether the named thing does not exist: on a point read that is an answer, not a failure.
    pub(crate) fn is_gone(&self) -> bool {
        self.is("NoSuchEntity") || self.is("NoSuchEntityException") || self.is("ResourceNotFoundException")
    }

    /// Whether the credential has run out and another may be had.
    pub(crate) fn is_expired(&self) -> bool {
        ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"].iter().any(|code| self.is(code))
    }

    /// Reads an error of the vendor's library. `operation` is the name in the list of allowed requests, which is the
    /// right it needs as well.
    pub(crate) fn of<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        match error {
            SdkError::ServiceError(context) => {
                let meta = context.err().meta();
                Self::of_answer(operation, context.raw(), meta.code(), meta.message())
            }
            SdkError::ResponseError(context) => Self::of_answer(operation, context.raw(), None, None),
            SdkError::TimeoutError(_) => Self::transport(unreachable_step(operation, "no answer in time")),
            // The door's own reason, or the sign-in's, lies inside wherever the library has put it.
            SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) => Self::transport(
                carried_in(error).unwrap_or_else(|| unreachable_step(operation, "the request was not sent")),
            ),
            _ => Self::own(unreachable_step(operation, "an error of a new kind")),
        }
    }

    /// A failed answer, with what the library could read of it.
    fn of_answer(operation: &str, raw: &HttpResponse, code: Option<&str>, message: Option<&str>) -> Self {
        let status = raw.status().as_u16();
        let said = match code {
            Some(code) => Some((short(code, 80), message.unwrap_or("").to_owned())),
            // Errors of another shape than the service's own: the library leaves them unread.
            None => raw.body().bytes().and_then(|body| std::str::from_utf8(body).ok()).and_then(refusal),
        };
        let cause = match &said {
            Some((code, message)) => cause_of(operation, status, code, message),
            None => without_code(operation, raw),
        };
        let says_not_supported = said.as_ref().is_some_and(|(code, message)| is_not_supported(code, message));
        let code = said.map(|(code, _)| code);
        Self { code, status: Some(status), cause, signal: heard(raw), says_not_supported }
    }

    /// What the door could not do. Connections that break may stand the next time.
    pub(crate) fn transport(cause: Cause) -> Self {
        let signal = match &cause {
            Cause::Unreachable { .. } | Cause::CutOff { .. } => Signal::Stumbled(Wait::NotSaid),
            _ => Signal::Go,
        };
        Self { code: None, status: None, cause, signal, says_not_supported: false }
    }
}

fn unreachable_step(operation: &str, detail: &str) -> Cause {
    Cause::Unreachable { step: operation.to_owned(), detail: detail.to_owned() }
}

fn heard(raw: &HttpResponse) -> Signal {
    raw.extension::<Heard>().map_or(Signal::Go, |heard| heard.0.clone())
}

/// The door's cause, wherever the library has wrapped it.
pub(crate) fn carried_in(error: &(dyn std::error::Error + 'static)) -> Option<Cause> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(carried) = error.downcast_ref::<Carried>() {
            return Some(carried.0.clone());
        }
        next = error.source();
    }
    None
}

/// The answer is no error of the service's own form: a page of a proxy, an emulator that has no such call.
fn without_code(operation: &str, raw: &HttpResponse) -> Cause {
    let status = raw.status().as_u16();
    let media = raw.headers().get("content-type").map_or_else(|| String::from("no media type"), |text| short(text, 60));
    let bytes = raw.body().bytes().map_or(0, <[u8]>::len);
    let what = format!("{operation}: {status}, {media}, {bytes} bytes, not in the service's form");
    match status {
        403 => Cause::Denied { permission: operation.to_owned() },
        500..=599 => Cause::Unreachable { step: operation.to_owned(), detail: what },
        _ => Cause::Malformed { what },
    }
}

/// What an instance that belongs to one account answers, which has no permission sets: "The operation is not supported
/// for this Identity Center instance". The same code with other words is a fault of the request.
fn is_not_supported(code: &str, message: &str) -> bool {
    code == "ValidationException"
        && message.to_ascii_lowercase().contains("not supported for this identity center instance")
}

/// Codes of refusals.
const REFUSED: [&str; 5] =
    ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "NotAuthorized"];

/// Codes that say that the credential is not accepted at all.
const NOT_ACCEPTED: [&str; 9] = [
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "IncompleteSignature",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "AuthFailure",
    "InvalidIdentityToken",
];

/// Codes that ask for patience. The door recognises them as well; here they only find their words.
const PATIENCE: [&str; 8] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
];

/// The cause for a code (page "error to verdict" of the vendor's APIs: codes decide; the message only tells one sort
/// of refusal from another).
pub(crate) fn cause_of(operation: &str, status: u16, code: &str, message: &str) -> Cause {
    if REFUSED.contains(&code) {
        let lower = message.to_ascii_lowercase();
        let why = if lower.contains("service control policy") {
            Some("a service control policy denies it")
        } else if lower.contains("resource control policy") {
            Some("a resource control policy denies it")
        } else if lower.contains("permissions boundary") {
            Some("a permissions boundary does not let it through")
        } else if lower.contains("explicit deny") {
            Some("a policy denies it explicitly")
        } else {
            None
        };
        let permission = why.map_or_else(|| operation.to_owned(), |why| format!("{operation} ({why})"));
        return Cause::Denied { permission };
    }
    if NOT_ACCEPTED.contains(&code) {
        return Cause::Unauthenticated { detail: format!("{operation}: {code}") };
    }
    if PATIENCE.contains(&code) {
        return Cause::Throttled { until: None };
    }
    match code {
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
            Cause::Unauthenticated { detail: format!("{operation}: {code}, and it could not be renewed") }
        }
        "RegionDisabledException" | "OptInRequired" => {
            Cause::NotOnPlan { what: format!("{operation}: the region is not switched on ({code})") }
        }
        "AWSOrganizationsNotInUseException" => {
            Cause::NotOnPlan { what: format!("{operation}: the account is in no organisation") }
        }
        "NoSuchEntity" | "NoSuchEntityException" | "ResourceNotFoundException" => {
            Cause::NotSeen { what: format!("{operation}: {code}") }
        }
        _ if status >= 500 => Cause::Unreachable { step: operation.to_owned(), detail: format!("{status} {code}") },
        _ => Cause::Malformed { what: format!("{operation}: {status} {code}") },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_action_and_says_who_refuses() {
        let plain =
            cause_of("iam:ListRoles", 403, "AccessDenied", "User x is not authorized to perform: iam:ListRoles");
        assert_eq!(plain, Cause::Denied { permission: String::from("iam:ListRoles") });
        let guarded =
            cause_of("iam:ListRoles", 403, "AccessDenied", "... with an explicit deny in a service control policy");
        let Cause::Denied { permission } = guarded else { panic!("a refusal") };
        assert!(permission.starts_with("iam:ListRoles (") && permission.contains("service control policy"));
    }

    #[test]
    fn only_an_instance_without_permission_sets_is_not_supported() {
        let says = "The operation is not supported for this Identity Center instance";
        assert!(is_not_supported("ValidationException", says));
        assert!(!is_not_supported("ValidationException", "PrincipalType GROUPS is not supported"));
        assert!(!is_not_supported("AccessDeniedException", says));
    }

    #[test]
    fn codes_become_causes() {
        let cause = |code| cause_of("iam:ListRoles", 400, code, "");
        assert!(matches!(cause("InvalidClientTokenId"), Cause::Unauthenticated { .. }));
        assert!(matches!(cause("Throttling"), Cause::Throttled { .. }));
        assert!(matches!(cause("AWSOrganizationsNotInUseException"), Cause::NotOnPlan { .. }));
        assert!(matches!(cause("NewCode"), Cause::Malformed { .. }));
        assert!(matches!(cause_of("x", 500, "ServiceFailure", ""), Cause::Unreachable { .. }));
    }
}
