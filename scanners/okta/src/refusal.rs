//! What a refusal of Okta means. Codes are those of the vendor's list of error codes; the texts beside them are never
//! read, since they may quote what was asked.

use http::StatusCode;
use scan_contract::Cause;
use scan_transport::Reply;

use crate::allow::ALLOW;
use crate::wire::ErrorReply;

/// The vendor's code in an error reply, if it is one.
pub(crate) fn code(reply: &Reply) -> Option<String> {
    let Ok(error) = serde_json::from_slice::<ErrorReply>(&reply.body) else { return None };
    error.code.or(error.error).filter(|code| {
        code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    })
}

/// Whether the reply says explicitly that the object does not exist (E0000007). Any other 404 (a proxy's page, a path that
/// this edition does not have, which is E0000008) says nothing about the object.
pub(crate) fn is_gone(reply: &Reply) -> bool {
    reply.status == StatusCode::NOT_FOUND && code(reply).as_deref() == Some("E0000007")
}

/// Whether Okta itself says that there is no such list: the object it hangs from is gone, or the organisation has none.
/// Which of the two takes a second look.
pub(crate) fn is_no_list(reply: &Reply) -> bool {
    is_gone(reply) || (reply.status == StatusCode::NOT_FOUND && code(reply).as_deref() == Some("E0000008"))
}

/// The cause for a reply that is no success.
pub(crate) fn cause(reply: &Reply) -> Cause {
    let code = code(reply);
    if lacks_scope(reply) {
        return denied(reply);
    }
    match (reply.status, code.as_deref()) {
        // Told with 401 and with 403: the organisation has not bought or switched on the feature.
        (_, Some("E0000015")) => {
            Cause::NotOnPlan { what: format!("{}: feature not enabled (E0000015)", reply.operation) }
        }
        (StatusCode::FORBIDDEN, _) => denied(reply),
        (StatusCode::UNAUTHORIZED, code) => {
            let code = code.map_or_else(String::new, |code| format!(" ({code})"));
            Cause::Unauthenticated { detail: format!("{}: 401{code}", reply.operation) }
        }
        (StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED, code) => {
            let code = code.map_or_else(String::new, |code| format!(" ({code})"));
            Cause::NotSupported {
                what: format!(
                    "{}: {}{code}: the object is gone, or this organisation has no such interface",
                    reply.operation,
                    reply.status.as_u16()
                ),
            }
        }
        _ => reply.unexpected(),
    }
}

/// A token without the scope is told by a header, with an empty body.
fn lacks_scope(reply: &Reply) -> bool {
    matches!(reply.status, StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED)
        && reply.header("www-authenticate").is_some_and(|header| header.contains("insufficient_scope"))
}

/// Denied, with the right by Okta's own name.
fn denied(reply: &Reply) -> Cause {
    let rights = ALLOW.find(reply.operation).map(|operation| operation.rights.join(", ")).unwrap_or_default();
    let role = if lacks_scope(reply) { "" } else { ", and an administrator role that may use it" };
    let permission = if rights.is_empty() { String::from(reply.operation) } else { format!("{rights}{role}") };
    Cause::Denied { permission }
}
