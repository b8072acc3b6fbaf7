//! `freehold plan`: what would change, what it costs others, and what stands against it. Reads only.

use super::args;
use super::connect::Target;
use super::exit::Exit;
use super::failure::Failure;
use super::outlook::{Outlook, look};
use super::shell::Shell;
use super::{End, session_failure};
use crate::config::{Config, Profile};
use crate::kind::Refusal;
use crate::manifest::Manifest;
use crate::startup::caller;

pub(super) async fn run(
    shell: &Shell,
    config: &Config,
    manifests: &[Manifest],
    args: &args::Plan,
) -> Result<Exit, End> {
    let target = Target::new(config);
    let mut changes = false;
    let mut refused = Vec::new();
    for manifest in manifests {
        let caller = caller(manifest);
        let mut session = target.open(&caller, &manifest.service.schema).await?;
        let looked = look(&mut session, manifest, &caller, config.profile == Profile::Dev).await;
        session.close().await;
        let outlook: Outlook<'_> = looked.map_err(|error| session_failure(&error))?;
        changes |= !outlook.plan.steps.is_empty();
        refused.extend(failures(manifest, &outlook.plan.refusals));
        let mut text = format!("{} {}  {}\n", manifest.service.name, manifest.service.version, target.host());
        for step in &outlook.plan.steps {
            text.push_str(&format!("  + {}\n", step.object));
        }
        shell.answer(&text)?;
    }
    if !refused.is_empty() {
        return Err(End::Failures(refused));
    }
    Ok(if changes && args.exit_code { Exit::Differences } else { Exit::Done })
}

/// Each refusal with the place in the manifest that asked for it.
fn failures(manifest: &Manifest, refusals: &[Refusal]) -> Vec<Failure> {
    let failure = |refusal: &Refusal| Failure::refused(refusal, manifest.places.get(&refusal.object));
    refusals.iter().map(failure).collect()
}

pub(super) fn refused(manifest: &Manifest, refusals: &[Refusal]) -> End {
    End::Failures(failures(manifest, refusals))
}
