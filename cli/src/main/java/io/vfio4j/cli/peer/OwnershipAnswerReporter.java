// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.peer;

import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.Output;
import io.vfio4j.engine.AcceptResult;
import java.util.Locale;

/** Reports ownership queries that were answered. */
public final class OwnershipAnswerReporter {

  private OwnershipAnswerReporter() {
  }

  public static void report(String peer, AcceptResult.Query query, Output output) {
    String verdict = query.answer().verdict().name().toLowerCase(Locale.ROOT);
    output.line("answered %s about %s: %s, %s".formatted(peer, query.migration(), verdict.replace('_', ' '),
        query.answer().reason()));
    output.event(Json.event("answered").with("peer", peer).with("migration", query.migration().toString())
        .with("verdict", verdict).with("reason", query.answer().reason()).build());
  }
}
