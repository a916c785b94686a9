//! What is told at the end if everything stays up: with these lines another terminal can go on.

use super::{
    Outcome,
    stage::{CREDENTIAL, NAMESPACE, SOURCE, Stage},
    terminal::Terminal,
};

/// Sets the namespace of the kubeconfig, so that the commands of the README work as they stand there, and tells the rest.
///
/// # Errors
/// When kubectl cannot be run, or fails.
pub(super) async fn show(stage: &Stage) -> Outcome {
    let namespace = format!("--namespace={NAMESPACE}");
    let output = stage
        .plane
        .kubectl(&["config", "set-context", "--current", &namespace])
        .await?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("kubectl config set-context: {}", said.trim()).into());
    }
    Terminal::plain(&told(stage));
    Ok(())
}

fn told(stage: &Stage) -> String {
    let kubeconfig = stage.plane.kubeconfig_path().display();
    let programs = stage.plane.programs().display();
    let log = stage.operator.log_path();
    let (log, address, port) = (log.display(), stage.operator.address(), stage.control_port);
    let domain = stage.simulator.domain();
    format!(
        "
Everything stays up until Ctrl-C. In another terminal:

  export KUBECONFIG={kubeconfig}
  export PATH={programs}:$PATH    # kubectl

  kubectl get ttc --watch                    # in the namespace {NAMESPACE}, which is set as the current one
  kubectl describe ttc {CREDENTIAL}
  tail -f {log}
  curl -s http://{address}/metrics | grep tracktik_
  curl -s http://127.0.0.1:{port}/counts    # what the simulated TrackTik has seen

A credential of your own, with a copy of the service account that you can spoil:

  kubectl get secret {SOURCE} -o yaml | sed '/uid:/d; /resourceVersion:/d; /^  name:/s/:.*/: mine/' |
    kubectl create -f -
  kubectl apply -f - <<END
  apiVersion: tracktik-operator.io/v1alpha1
  kind: TrackTikCredential
  metadata: {{name: mine}}
  spec:
    domain: {domain}
    credentials: {{secretRef: {{name: mine}}}}
  END

There are no nodes and no controller of Deployments: a Pod or a Deployment that you apply is stored and never runs. The
operator is a process beside the control plane, so what the README does with its Deployment has no use here.
"
    )
}
