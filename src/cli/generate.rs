//! Completions and man pages, made from the arguments.

use clap::CommandFactory as _;

use super::arguments::{Arguments, Completions, Man};
use super::failure::Failure;
use super::session::Session;

pub(super) fn completions(session: &Session<'_>, arguments: &Completions) -> Result<u8, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "holdover", &mut text);
    session.say(&String::from_utf8_lossy(&text))?;
    Ok(0)
}

pub(super) fn man(session: &Session<'_>, arguments: &Man) -> Result<u8, Failure> {
    if let Some(folder) = &arguments.folder {
        let failed = |error: std::io::Error| Failure::Output(format!("{}: {error}", folder.display()));
        std::fs::create_dir_all(folder).map_err(failed)?;
        clap_mangen::generate_to(Arguments::command(), folder).map_err(failed)?;
        session.note(&format!("wrote man pages into {}", folder.display()));
        return Ok(0);
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut text)?;
    session.say(&String::from_utf8_lossy(&text))?;
    Ok(0)
}
