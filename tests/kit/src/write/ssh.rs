//! Host trees as the collector leaves them.

use super::{Files, add, instant, sha256};
use crate::world::{Fleet, Host, HostAccount, System};

pub(super) fn write(system: &System, fleet: &Fleet, files: &mut Files) {
    let mut hosts: Vec<&str> = fleet.hosts.iter().map(|host| host.name.as_str()).collect();
    hosts.extend(fleet.missing.iter().map(String::as_str));
    hosts.sort_unstable();
    files.put("exports/hosts.txt", hosts.join("\n") + "\n");
    for host in &fleet.hosts {
        one(system, host, files);
    }
}

fn one(system: &System, host: &Host, files: &mut Files) {
    let mut present: Vec<(String, String)> = vec![
        (String::from("/etc/passwd"), passwd(host)),
        (String::from("/etc/group"), group(host)),
        (String::from("/etc/nsswitch.conf"), String::from("passwd: files\ngroup: files\nsudoers: files\n")),
        (String::from("/etc/hostname"), format!("{}\n", host.name)),
        (String::from("/etc/ssh/sshd_config"), sshd_config(host)),
        (String::from("/etc/sudoers"), String::from("root ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n")),
        (String::from("who.txt"), who(system, host)),
    ];
    let mut lines: Vec<String> = Vec::new();
    for account in &host.accounts {
        let path = format!("{}/.ssh/authorized_keys", account.home);
        if account.denied {
            lines.push(format!("denied {}/.ssh", account.home));
        } else if account.keys.is_empty() {
            lines.push(format!("absent {path}"));
        } else {
            present.push((path, keys(account)));
        }
    }
    for (path, text) in &present {
        lines.push(format!("present {} {} {path}", text.len(), sha256(text.as_bytes())));
    }
    lines.sort();
    lines.dedup();
    let list = format!("# holdover-files 1\n# host: {}\n{}\n# end {}\n", host.name, lines.join("\n"), lines.len());
    let folder = format!("exports/hosts/{}", host.name);
    for (path, text) in present {
        files.put(format!("{folder}/{}", path.trim_start_matches('/')), text);
    }
    files.put(format!("{folder}/files.txt"), list);
}

fn passwd(host: &Host) -> String {
    host.accounts.iter().fold(String::new(), |mut text, account| {
        let HostAccount { login, uid, home, shell, .. } = account;
        add(&mut text, format_args!("{login}:x:{uid}:{uid}::{home}:{shell}\n"));
        text
    })
}

fn group(host: &Host) -> String {
    let admins: Vec<&str> = host
        .accounts
        .iter()
        .filter(|account| account.admin && account.uid != 0)
        .map(|account| account.login.as_str())
        .collect();
    let mut text = format!("root:x:0:\nsudo:x:27:{}\n", admins.join(","));
    for account in host.accounts.iter().filter(|account| account.uid != 0) {
        add(&mut text, format_args!("{}:x:{}:\n", account.login, account.uid));
    }
    text
}

fn sshd_config(host: &Host) -> String {
    format!(
        "# {}\nPermitRootLogin prohibit-password\nPasswordAuthentication no\nAuthorizedKeysFile .ssh/authorized_keys\n",
        host.comment
    )
}

fn keys(account: &HostAccount) -> String {
    account.keys.iter().fold(String::new(), |mut text, key| {
        let options = if key.options.is_empty() { String::new() } else { format!("{} ", key.options) };
        add(&mut text, format_args!("{options}{} {}\n", key.key.line(), key.comment));
        text
    })
}

fn who(system: &System, host: &Host) -> String {
    let mut text = format!("# holdover-who 1\n# taken-at: {}\n# time-zone: UTC\n", instant(system.as_of));
    for (at, login) in host.logins.iter().enumerate() {
        let since = login.since.format("%Y-%m-%d %H:%M");
        add(
            &mut text,
            format_args!("{:<8} pts/{at}        {since}   .          1{at}34 ({})\n", login.account, login.from),
        );
    }
    add(&mut text, format_args!("# end {}\n", host.logins.len()));
    text
}
