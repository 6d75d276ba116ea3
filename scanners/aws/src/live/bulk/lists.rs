//! The lists of one account that come in bulk, each with its own failure.

use std::collections::HashMap;

use aws_sdk_iam::types::{AssignmentStatusType, EntityType};
use scan_contract::Cause;

use crate::live::bulk::pages::{MOST, Turn, Walk, walk_iam};
use crate::live::bulk::rows::{add_page, stamp};
use crate::live::clients::Account;
use crate::read::details::{Details, List};
use crate::read::wire::Stamp;
use crate::tell::Device;

/// Users, groups, roles and customer policies with everything that hangs from them.
pub(crate) async fn details(account: &Account) -> Result<Details, Cause> {
    const OPERATION: &str = "iam:GetAccountAuthorizationDetails";
    let mut details = Details::default();
    let mut walk = Walk::new(OPERATION);
    let mut next: Option<String> = None;
    loop {
        let request = || {
            account
                .iam
                .get_account_authorization_details()
                .filter(EntityType::User)
                .filter(EntityType::Group)
                .filter(EntityType::Role)
                .filter(EntityType::LocalManagedPolicy)
                .max_items(MOST)
                .set_marker(next.clone())
                .send()
        };
        let answer = match account.iam_asker.ask(OPERATION, request).await {
            Ok(answer) => answer,
            // Nothing was read yet: the reason stands for itself.
            Err(failure) if walk.pages() == 0 => return Err(failure.cause),
            Err(failure) => {
                details.broken.push(failure.on_page(walk.pages() + 1).cause);
                return Ok(details);
            }
        };
        // The library's own accessors make an empty list of one that is not there.
        let carried = [
            answer.user_detail_list.as_ref().map(|_| List::Users),
            answer.group_detail_list.as_ref().map(|_| List::Groups),
            answer.role_detail_list.as_ref().map(|_| List::Roles),
            answer.policies.as_ref().map(|_| List::Policies),
        ];
        details.begin_page(carried.into_iter().flatten(), answer.is_truncated, answer.marker.as_deref());
        add_page(
            &mut details,
            answer.user_detail_list(),
            answer.group_detail_list(),
            answer.role_detail_list(),
            answer.policies(),
        );
        let turn =
            Turn::marked(answer.is_truncated, answer.marker.as_deref(), OPERATION).and_then(|turn| walk.turn(turn));
        match turn {
            Ok(Some(mark)) => next = Some(mark),
            Ok(None) => return Ok(details),
            Err(cause) => {
                details.broken.push(cause);
                return Ok(details);
            }
        }
    }
}

/// A list that was read to its end, or as far as it went.
#[derive(Debug)]
pub(crate) struct Partly<T> {
    pub(crate) items: T,
    pub(crate) broken: Option<Cause>,
}

/// Longest session of every role, in seconds, by ARN. The authorization details do not carry it.
pub(crate) async fn longest_sessions(account: &Account) -> Partly<HashMap<String, i64>> {
    let walked = walk_iam!(
        account.iam_asker,
        "iam:ListRoles",
        |marker| account.iam.list_roles().max_items(MOST).set_marker(marker),
        |answer| answer
            .roles
            .into_iter()
            .filter_map(|role| { role.max_session_duration.map(|seconds| (role.arn, i64::from(seconds))) })
    );
    Partly { items: walked.items.into_iter().collect(), broken: walked.broken.map(|failure| failure.cause) }
}

/// Virtual MFA devices by the ARN of their user.
pub(crate) async fn virtual_devices(account: &Account) -> Partly<HashMap<String, Vec<Device>>> {
    let walked = walk_iam!(
        account.iam_asker,
        "iam:ListVirtualMFADevices",
        |marker| account
            .iam
            .list_virtual_mfa_devices()
            .assignment_status(AssignmentStatusType::Assigned)
            .max_items(MOST)
            .set_marker(marker),
        |answer| answer.virtual_mfa_devices
    );
    let mut broken = walked.broken.map(|failure| failure.cause);
    let mut items: HashMap<String, Vec<Device>> = HashMap::new();
    for (index, given) in walked.items.into_iter().enumerate() {
        let device = Device { serial: given.serial_number, enabled: stamp(given.enable_date.as_ref()) };
        // Only assigned ones were asked for, so each has a user.
        let Some(user) = given.user.filter(|user| !user.arn.is_empty() && !device.serial.is_empty()) else {
            let what = format!("iam:ListVirtualMFADevices: device {} lacks its serial number or its user", index + 1);
            broken = broken.or(Some(Cause::Malformed { what }));
            continue;
        };
        items.entry(user.arn).or_default().push(device);
    }
    for devices in items.values_mut() {
        devices.sort_by(|left, right| left.serial.cmp(&right.serial));
    }
    Partly { items, broken }
}

/// A service-specific credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServiceCredential {
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) service: String,
    pub(crate) service_user: String,
    pub(crate) alias: Option<String>,
    pub(crate) status: String,
    pub(crate) created: Stamp,
    pub(crate) expires: Stamp,
}

/// Services with credentials of their own (IAM user guide, "service-specific credentials"). They are asked one by one
/// only where AWS does not answer for all of them at once.
const SERVICES: [&str; 4] =
    ["codecommit.amazonaws.com", "cassandra.amazonaws.com", "bedrock.amazonaws.com", "logs.amazonaws.com"];

/// Service-specific credentials of all users. `Err`: nothing could be read.
pub(crate) async fn service_credentials(account: &Account) -> Result<Partly<Vec<ServiceCredential>>, Cause> {
    let all = of_service(account, None).await;
    let Some(failure) = &all.broken else {
        return Ok(Partly { items: all.items, broken: None });
    };
    if !(all.items.is_empty()
        && ["ValidationError", "InvalidInput", "InvalidParameterValue", "MissingParameter"]
            .iter()
            .any(|code| failure.is(code)))
    {
        let cause = failure.cause.clone();
        return if all.items.is_empty() { Err(cause) } else { Ok(Partly { items: all.items, broken: Some(cause) }) };
    }
    let mut items = Vec::new();
    let mut broken = None;
    for service in SERVICES {
        let walked = of_service(account, Some(service)).await;
        items.extend(walked.items);
        match walked.broken {
            // The region or partition has no such service, so it has no credential of it either.
            Some(failure) if failure.is("NotSupportedService") => {}
            Some(failure) => broken = broken.or(Some(failure.cause)),
            None => {}
        }
    }
    Ok(Partly { items, broken })
}

async fn of_service(account: &Account, service: Option<&str>) -> crate::live::bulk::pages::Walked<ServiceCredential> {
    walk_iam!(
        account.iam_asker,
        "iam:ListServiceSpecificCredentials",
        |marker| account
            .iam
            .list_service_specific_credentials()
            .all_users(true)
            .set_service_name(service.map(str::to_owned))
            .max_items(MOST)
            .set_marker(marker),
        |answer| answer.service_specific_credentials.into_iter().flatten().map(|given| ServiceCredential {
            status: given.status.as_str().to_owned(),
            created: stamp(Some(&given.create_date)),
            expires: stamp(given.expiration_date.as_ref()),
            id: given.service_specific_credential_id,
            user: given.user_name,
            service: given.service_name,
            service_user: given.service_user_name,
            alias: given.service_credential_alias,
        })
    )
}

/// Whether the root user has a password, which the report does not say. `None`: the answer does not either.
pub(crate) async fn root_password(account: &Account) -> Result<Option<bool>, Cause> {
    let answer = account
        .iam_asker
        .ask("iam:GetAccountSummary", || account.iam.get_account_summary().send())
        .await
        .map_err(|failure| failure.cause)?;
    let present = aws_sdk_iam::types::SummaryKeyType::AccountPasswordPresent;
    Ok(answer.summary_map.and_then(|map| map.get(&present).copied()).map(|count| count > 0))
}
