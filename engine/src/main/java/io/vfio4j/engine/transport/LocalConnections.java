// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.util.Interrupts;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Both ends of the connections of a migration within this process.
 *
 * @param source the source's end
 * @param target the target's end
 */
public record LocalConnections(Connections source, Connections target) {

  /** Creates both ends; each side closes its own. */
  public static LocalConnections create() {
    return over(LocalTransport.pair(), LocalTransport::pair);
  }

  /** Creates both ends from a first connection and a supplier of more. */
  public static LocalConnections over(LocalTransport.Pair first, Supplier<LocalTransport.Pair> more) {
    BlockingQueue<Transport> connecting = new LinkedBlockingQueue<>();
    return new LocalConnections(
        new Connections(first.source(), Optional.of(_ -> {
          LocalTransport.Pair pair = more.get();
          connecting.add(pair.target());
          return pair.source();
        })),
        new Connections(first.target(), Optional.of(patience -> take(connecting, patience))));
  }

  private static Transport take(BlockingQueue<Transport> connecting, Duration patience) throws IOException {
    try {
      Transport next = connecting.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
      if (next == null) {
        throw new StalledException("the source in this process", "did not connect", patience);
      }
      return next;
    } catch (InterruptedException e) {
      throw Interrupts.reinterrupt(e);
    }
  }
}
