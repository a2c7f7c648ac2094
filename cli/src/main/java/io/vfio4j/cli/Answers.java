// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.engine.AcceptResult;
import java.util.Locale;

/** Tells of questions of ownership that were answered, or not. */
final class Answers {

  private Answers() {
  }

  static void tell(String peer, AcceptResult.Query asked, Output output) {
    String verdict = asked.answer().verdict().name().toLowerCase(Locale.ROOT);
    output.line("answered %s about %s: %s, %s".formatted(peer, asked.migration(), verdict.replace('_', ' '),
        asked.answer().reason()));
    output.event(Json.event("answered").with("peer", peer).with("session", asked.migration().toString())
        .with("verdict", verdict).with("reason", asked.answer().reason()).build());
  }
}
