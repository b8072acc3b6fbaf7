//! Checks the manifests and packs them into the services.

fn main() {
    freehold::build::manifests("../manifests");
}
