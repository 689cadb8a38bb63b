//! `scope`: the scope catalog.

use serde_json::json;

use crate::args::ScopeCommand;
use crate::context::Context;
use crate::error::ErrorKind;
use crate::scopes::Catalog;

pub(super) async fn run(context: &Context, command: ScopeCommand) -> Result<(), ErrorKind> {
    let stored = context.store.read()?.get(&context.profile).cloned();
    let issuer = context.issuer_for(None, stored.as_ref())?;
    let catalog = Catalog::of(context, &issuer, &context.metadata(&issuer).await?).await?;
    let rows = match command {
        ScopeCommand::List if context.output.is_json() => return context.output.json(&json!(catalog.scopes)),
        ScopeCommand::Bundles if context.output.is_json() => {
            return context.output.json(&json!(catalog.bundles));
        }
        ScopeCommand::List => scopes(&catalog),
        ScopeCommand::Bundles => bundles(&catalog),
    };
    context.output.table(&rows)
}

fn scopes(catalog: &Catalog) -> Vec<Vec<String>> {
    let mut rows = vec![["SCOPE", "LEVEL", "ROLES", "WHAT IT ALLOWS"].map(str::to_owned).to_vec()];
    rows.extend(catalog.scopes.iter().map(|scope| {
        vec![scope.id.clone(), scope.level.clone(), scope.roles.join(" "), scope.label.clone()]
    }));
    rows
}

fn bundles(catalog: &Catalog) -> Vec<Vec<String>> {
    let mut rows = vec![["BUNDLE", "FOR", "SCOPES"].map(str::to_owned).to_vec()];
    rows.extend(
        catalog
            .bundles
            .iter()
            .map(|bundle| vec![bundle.id.clone(), bundle.label.clone(), bundle.scopes.join(",")]),
    );
    rows
}
