// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.peer;

import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.Output;
import io.vfio4j.engine.AcceptResult;
import java.util.Locale;

/** Tells of questions of ownership that were answered, or not. */
public final class OwnershipAnswerReporter {

  private OwnershipAnswerReporter() {
  }

  public static void report(String peer, AcceptResult.Query asked, Output output) {
    String verdict = asked.answer().verdict().name().toLowerCase(Locale.ROOT);
    output.line("answered %s about %s: %s, %s".formatted(peer, asked.migration(), verdict.replace('_', ' '),
        asked.answer().reason()));
    output.event(Json.event("answered").with("peer", peer).with("session", asked.migration().toString())
        .with("verdict", verdict).with("reason", asked.answer().reason()).build());
  }
}
