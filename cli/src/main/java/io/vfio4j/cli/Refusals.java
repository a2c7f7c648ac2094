// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.engine.PeerRefusedException;
import java.util.Locale;
import java.util.function.Consumer;

/** Tells of those who connected and were refused. */
record Refusals(Output output) implements Consumer<PeerRefusedException> {

  @Override
  public void accept(PeerRefusedException refusal) {
    output.warning("vfio4j: refused " + refusal.getMessage());
    output.event(Json.event("refused").with("peer", refusal.peer())
        .with("reason", refusal.reason().name().toLowerCase(Locale.ROOT))
        .with("message", refusal.getMessage()).build());
  }
}
