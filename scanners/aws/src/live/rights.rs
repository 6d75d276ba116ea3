//! Tries each right with the smallest call. A call about a user or key that does not exist is refused where the right
//! is missing, and says that there is no such thing where it is there.

use scan_contract::{Cause, Right, RightState, Rights};

use crate::live::failure::Failure;
use crate::live::policy_text::{is_needed, rights, serves};
use crate::live::scanner::Core;

/// A user who does not exist: a name that IAM allows and nobody gives.
const NOBODY: &str = "holdover-no-such-user";
/// A key that does not exist.
const NO_KEY: &str = "AKIAHOLDOVERNOSUCHKEY";

/// Tries every right the configuration needs.
pub(crate) async fn check(core: &Core) -> Result<Rights, Cause> {
    let caller = core.caller().await?;
    let mut needed = Vec::new();
    for right in rights() {
        let state = if is_needed(right, &core.settings) { state(try_one(core, right).await) } else { RightState::Off };
        needed.push(Right { name: right.to_owned(), serves: serves(right), state });
    }
    Ok(Rights {
        credential: caller.arn.clone(),
        needed,
        excess: Vec::new(),
        excess_not_told: String::from(
            "AWS tells nobody which rights a credential has without further rights; compare its policies with --print-policy",
        ),
    })
}

/// What a trial shows.
fn state(tried: Result<(), Failure>) -> RightState {
    let Err(failure) = tried else { return RightState::Have };
    match failure.cause {
        Cause::Denied { permission } => {
            let code = failure.code.unwrap_or_else(|| String::from("no code"));
            let status = failure.status.map_or_else(|| String::from("no status"), |status| status.to_string());
            RightState::Missing { says: format!("{status} {code}: {permission}") }
        }
        // The service looked, and there is no such thing: it would have refused first.
        _ if ["NoSuchEntity", "ReportNotPresent", "ReportExpired", "ReportInProgress", "ResourceNotFoundException"]
            .iter()
            .any(|code| failure.code.as_deref() == Some(code)) =>
        {
            RightState::Have
        }
        Cause::NotOnPlan { .. } => RightState::Have,
        cause => RightState::CannotTell(cause),
    }
}

async fn try_one(core: &Core, right: &str) -> Result<(), Failure> {
    let (account, asker) = (&core.base, &core.base.iam_asker);
    let iam = &account.iam;
    macro_rules! asked {
        ($operation:literal, $request:expr) => {
            asker.ask($operation, || $request.send()).await.map(drop)
        };
    }
    match right {
        "iam:GenerateCredentialReport" => asked!("iam:GenerateCredentialReport", iam.generate_credential_report()),
        "iam:GetCredentialReport" => asked!("iam:GetCredentialReport", iam.get_credential_report()),
        "iam:GetAccountAuthorizationDetails" => {
            asked!("iam:GetAccountAuthorizationDetails", iam.get_account_authorization_details().max_items(1))
        }
        "iam:ListServiceSpecificCredentials" => {
            asked!("iam:ListServiceSpecificCredentials", iam.list_service_specific_credentials().user_name(NOBODY))
        }
        "iam:ListVirtualMFADevices" => {
            asked!("iam:ListVirtualMFADevices", iam.list_virtual_mfa_devices().max_items(1))
        }
        "iam:ListRoles" => asked!("iam:ListRoles", iam.list_roles().max_items(1)),
        "iam:GetAccountSummary" => asked!("iam:GetAccountSummary", iam.get_account_summary()),
        "iam:ListAccessKeys" => asked!("iam:ListAccessKeys", iam.list_access_keys().user_name(NOBODY)),
        "iam:GetAccessKeyLastUsed" => {
            asked!("iam:GetAccessKeyLastUsed", iam.get_access_key_last_used().access_key_id(NO_KEY))
        }
        "iam:ListSSHPublicKeys" => asked!("iam:ListSSHPublicKeys", iam.list_ssh_public_keys().user_name(NOBODY)),
        "iam:GetSSHPublicKey" => asked!(
            "iam:GetSSHPublicKey",
            iam.get_ssh_public_key()
                .user_name(NOBODY)
                .ssh_public_key_id("APKAHOLDOVERNOSUCHKEY")
                .encoding(aws_sdk_iam::types::EncodingType::Ssh)
        ),
        "iam:ListSigningCertificates" => {
            asked!("iam:ListSigningCertificates", iam.list_signing_certificates().user_name(NOBODY))
        }
        "iam:ListMFADevices" => asked!("iam:ListMFADevices", iam.list_mfa_devices().user_name(NOBODY)),
        "organizations:ListAccounts" => {
            let (asker, client) = account.organizations();
            asker.ask("organizations:ListAccounts", || client.list_accounts().max_results(1).send()).await.map(drop)
        }
        _ => try_elsewhere(core, right).await,
    }
}

/// Rights that need a region, an instance or another account.
async fn try_elsewhere(core: &Core, right: &str) -> Result<(), Failure> {
    let account = &core.base;
    match right {
        "ec2:DescribeKeyPairs" => match core.settings.key_pair_regions.first() {
            Some(region) => crate::live::pairs::try_region(account, region).await.map_err(Failure::own),
            None => Ok(()),
        },
        "cloudtrail:LookupEvents" => {
            let Some(trail) = &core.settings.cloudtrail else { return Ok(()) };
            let Some(region) = trail.regions.first() else { return Ok(()) };
            let (asker, client) = account.cloudtrail(region);
            asker.ask("cloudtrail:LookupEvents", || client.lookup_events().max_results(1).send()).await.map(drop)
        }
        "sts:AssumeRole" => try_roles(core).await,
        _ => core.center.try_right(right).await,
    }
}

/// The role of `assume` was assumed to come here; in an organisation the first other account is tried.
async fn try_roles(core: &Core) -> Result<(), Failure> {
    if core.settings.organisation.is_none() {
        return core.base.signer.credentials().await.map(drop).map_err(Failure::own);
    }
    let (asker, client) = core.base.organizations();
    let listed = asker.ask("organizations:ListAccounts", || client.list_accounts().max_results(20).send()).await?;
    let other = listed
        .accounts()
        .iter()
        .filter_map(|account| account.id.as_deref().and_then(crate::settings::AccountId::parse))
        .find(|id| *id != core.settings.account && core.account(id).is_ok());
    let Some(other) = other else { return Ok(()) };
    let account = core.account(&other).map_err(Failure::own)?;
    account.signer.credentials().await.map(drop).map_err(Failure::own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use scan_transport::dialect::Signal;

    #[expect(clippy::result_large_err, reason = "the form that trials come in")]
    fn failed(code: &str, cause: Cause) -> Result<(), Failure> {
        Err(Failure {
            code: Some(code.to_owned()),
            status: Some(403),
            cause,
            signal: Signal::Go,
            says_not_supported: false,
        })
    }

    #[test]
    fn a_refusal_is_missing_and_no_such_thing_is_there() {
        let denied = Cause::Denied { permission: String::from("iam:ListRoles") };
        assert!(matches!(state(failed("AccessDenied", denied)), RightState::Missing { .. }));
        let gone = Cause::NotSeen { what: String::new() };
        assert_eq!(state(failed("NoSuchEntity", gone)), RightState::Have);
        assert_eq!(state(Ok(())), RightState::Have);
        let odd = Cause::Unreachable { step: String::new(), detail: String::new() };
        assert!(matches!(state(failed("x", odd)), RightState::CannotTell(_)));
    }
}
