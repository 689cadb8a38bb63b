//! Pages and form problems for refusals of services.

use actix_web::HttpResponse;

use crate::domain::scope::ScopeSet;
use crate::pages::shared::member::Member;
use crate::pages::shared::problems::Problems;
use crate::pages::shared::refusal::Refusal;
use crate::pages::shared::request::PageRequest;
use crate::services::refusal::ServiceRefusal;

/// Page for a refusal that no form field can fix.
pub(in crate::pages) fn page(req: &PageRequest, member: &Member, refusal: ServiceRefusal) -> HttpResponse {
    let organization = member.organization.name.clone();
    req.refuse(match refusal {
        // Without a credential in use, this means that the user has left the organization since the page was loaded.
        ServiceRefusal::Credential(_) | ServiceRefusal::NotFound(_) => Refusal::NotFound,
        ServiceRefusal::MissingScopes(scopes) => {
            let needed = roles_with(req, &scopes);
            Refusal::NotForRole { organization, role: member.role.clone(), needed }
        }
        ServiceRefusal::Forbidden { message, .. } | ServiceRefusal::Invalid { message, .. } => {
            Refusal::NotAllowed { message }
        }
        ServiceRefusal::Ended(message) => Refusal::PastChanging { message },
        ServiceRefusal::LastOwner { organization } => {
            let members = format!("{}/o/{}/members", req.base(), member.organization.slug);
            Refusal::LastOwner { organization, members }
        }
    })
}

/// Roles that include all of these scopes.
fn roles_with(req: &PageRequest, scopes: &ScopeSet) -> Vec<String> {
    let config = &req.app.config;
    let hold = config.roles.iter().filter(|role| scopes.is_subset(&config.catalog.held_by(&role.id)));
    hold.map(|role| role.id.clone()).collect()
}

/// The form problem of a refusal; `Err` if it concerns no field.
pub(in crate::pages) fn problems(refusal: ServiceRefusal) -> Result<Problems, ServiceRefusal> {
    match refusal {
        ServiceRefusal::Invalid { field, message } => {
            let (field, text) = match field {
                "name" => ("name", "Enter a name: one line of at most 100 characters".to_owned()),
                "purpose" => {
                    ("purpose", "Say what it is for, in one line of at most 200 characters".to_owned())
                }
                "serviceAccount" => {
                    ("owner", "That service account is disabled or gone. Choose another owner".to_owned())
                }
                "role" => ("role", "Choose one of these roles".to_owned()),
                "expiresAt" => ("ends", message.trim_end_matches('.').to_owned()),
                "allowedAddresses" => ("addresses", message.trim_end_matches('.').to_owned()),
                _ => ("scopes", message.trim_end_matches('.').to_owned()),
            };
            Ok(Problems::default().with(field, text))
        }
        ServiceRefusal::MissingScopes(scopes) => {
            let text =
                format!("Your role does not include {scopes}. Leave it out, or ask an owner or an admin");
            Ok(Problems::default().with("scopes", text))
        }
        ServiceRefusal::Credential(_)
        | ServiceRefusal::NotFound(_)
        | ServiceRefusal::Forbidden { .. }
        | ServiceRefusal::Ended(_)
        | ServiceRefusal::LastOwner { .. } => Err(refusal),
    }
}
