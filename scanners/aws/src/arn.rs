//! Amazon Resource Names, as far as IAM needs them.

/// `arn:partition:service:region:account:resource`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arn<'a> {
    /// Service, such as `iam`.
    pub(crate) service: &'a str,
    /// Twelve digits, empty, `aws` for what the vendor owns, or a pattern.
    pub(crate) account: &'a str,
    /// The rest, such as `user/path/name`.
    pub(crate) resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Takes the text apart; `None` if it is no ARN.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next()? != "arn" {
            return None;
        }
        let partition = parts.next()?;
        let (service, _region, account, resource) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        (!partition.is_empty() && !resource.is_empty()).then_some(Self { service, account, resource })
    }

    /// The user's name, if this names an IAM user. Paths are not part of the name.
    pub(crate) fn user_name(&self) -> Option<&'a str> {
        (self.service == "iam").then_some(())?;
        self.resource.strip_prefix("user/")?.rsplit('/').next().filter(|name| !name.is_empty())
    }

    /// Role name and session name, if this names one session of an assumed role.
    pub(crate) fn session(&self) -> Option<(&'a str, &'a str)> {
        (self.service == "sts").then_some(())?;
        self.resource.strip_prefix("assumed-role/")?.split_once('/')
    }

    /// The name given to a federated user's session.
    pub(crate) fn federated_user(&self) -> Option<&'a str> {
        (self.service == "sts").then_some(())?;
        self.resource.strip_prefix("federated-user/")
    }

    /// Whether this is the whole account.
    pub(crate) fn is_root(&self) -> bool {
        self.service == "iam" && self.resource == "root"
    }
}

#[cfg(test)]
mod tests {
    use super::Arn;

    #[test]
    fn a_user_is_named_without_its_path_and_a_role_names_no_user() {
        let user = Arn::parse("arn:aws:iam::111122223333:user/team/build/ana.silva").expect("an ARN");
        assert_eq!((user.account, user.user_name()), ("111122223333", Some("ana.silva")));
        assert_eq!(Arn::parse("arn:aws:iam::111122223333:role/ana.silva").expect("an ARN").user_name(), None);
        assert!(Arn::parse("AIDAEXAMPLE").is_none());
        assert!(Arn::parse("arn:aws:iam::111122223333:").is_none());
    }
}
