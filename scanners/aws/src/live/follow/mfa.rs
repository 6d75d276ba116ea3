//! MFA devices of one user that the account's lists did not tell: hardware tokens, security keys, and virtual devices
//! where the report does not know the user yet.

use crate::live::bulk::pages::walk_iam;
use crate::live::bulk::rows::stamp;
use crate::live::follow::{About, Outcome};
use crate::tell::Device;
use crate::tell::credentials::{device_access, mfa_id};

/// Reads the devices of one user.
pub(crate) async fn read(about: &About<'_>) -> Outcome {
    let (account, user) = (about.account, about.user);
    let walked = walk_iam!(
        account.iam_asker,
        "iam:ListMFADevices",
        |marker| account.iam.list_mfa_devices().user_name(user).set_marker(marker),
        |answer| answer.mfa_devices
    );
    let mut outcome = Outcome::of_walk(walked.broken);
    let mut devices: Vec<Device> = walked
        .items
        .into_iter()
        .map(|device| Device { serial: device.serial_number, enabled: stamp(Some(&device.enable_date)) })
        .filter(|device| !about.known.devices.contains(&device.serial))
        .collect();
    devices.sort_by(|left, right| left.serial.cmp(&right.serial));
    for (index, device) in devices.iter().enumerate() {
        // The report knows one second factor a user; one device at most can be it.
        let first = index == 0 && about.known.devices.is_empty();
        let formerly = about.known.row.as_ref().filter(|_| first).map(|row| mfa_id(&row.arn));
        outcome.records.push(device_access(about.scope.clone(), device, user, &about.known.person, formerly));
    }
    outcome
}
