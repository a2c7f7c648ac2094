// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.OwnershipAnswer;
import io.vfio4j.engine.OwnershipResponder;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.transport.TransportPair;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * A source that queries the owner of its devices, and a target that answers, over a connection that may have
 * faults.
 */
final class OwnershipQueryTrial {

  private static final Duration PATIENCE = Duration.ofSeconds(1);

  private OwnershipQueryTrial() {
  }

  /**
   * Queries once.
   *
   * @throws IOException if the source receives no answer
   */
  static OwnershipAnswer ask(FaultyTransports transports, OwnershipResponder oracle, MigrationId migration)
      throws IOException {
    Connections asking = transports.connections().source();
    Connections answering = transports.connections().target();
    CompletableFuture<Void> answered = CompletableFuture.runAsync(() -> {
      try (Transport end = answering.control()) {
        OwnershipQuery.answer(end, oracle, PATIENCE);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }, TransportPair.THREADS);
    try (Transport end = asking.control()) {
      OwnershipAnswer answer = OwnershipQuery.query(end, migration, PATIENCE);
      answered.join();
      return answer;
    } catch (CompletionException e) {
      throw new IOException("the answer could not be sent", e);
    } finally {
      answered.handle((_, _) -> null).join(); // The side that fails first closes its end, which wakes the other.
    }
  }
}
