// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The connections of a side besides the first, by the numbers that both sides know them by. */
final class FurtherLinks implements AutoCloseable {

  private static final Duration SLICE = Duration.ofMillis(50);

  private final List<Link> links;

  private FurtherLinks(List<Link> links) {
    this.links = links;
  }

  static FurtherLinks none() {
    return new FurtherLinks(List.of());
  }

  /** Makes them from the source, which says on each which one it is. */
  static FurtherLinks connect(Hello.Channels channels, Connections.Further further, Link control,
      MigrationTimeouts times, Narrator narrator) throws IOException {
    FurtherLinks made = new FurtherLinks(new ArrayList<>());
    try {
      for (int number = 0; number < channels.count(); number++) {
        Link link = new Link(further.next(times.silence()), times.silence(), narrator);
        made.links.add(link);
        link.adapt(control.in().version(), times);
        link.out().sendJoin(channels.session(), number);
      }
      return made;
    } catch (IOException | RuntimeException | Error e) {
      made.close();
      throw e;
    }
  }

  /**
   * Waits for them at the target. Who connects without belonging to this migration is sent away.
   *
   * @throws StalledException if not all have come in time
   */
  static FurtherLinks accept(Hello.Channels channels, Connections.Further further, Link control,
      Narrator narrator) throws IOException {
    Duration stall = control.stall();
    @Nullable
    Link[] links = new @Nullable Link[channels.count()];
    long end = System.nanoTime() + stall.toNanos();
    try {
      for (int missing = links.length; missing > 0;) {
        Link link = new Link(next(further, control, end), stall, narrator);
        int number = joined(link, channels.session(), links);
        if (number < 0) {
          link.close();
        } else {
          links[number] = link;
          missing--;
        }
      }
      return new FurtherLinks(Arrays.stream(links).map(FurtherLinks::present).toList());
    } catch (IOException | RuntimeException | Error e) {
      Arrays.stream(links).forEach(link -> {
        if (link != null) {
          link.close();
        }
      });
      throw e;
    }
  }

  /** Waits for the next, and hears meanwhile whether the source gives up. */
  private static Transport next(Connections.Further further, Link control, long end) throws IOException {
    while (true) {
      control.hearComplaint("before it has made its connections");
      long left = Math.max(0, end - System.nanoTime());
      try {
        return further.next(Duration.ofNanos(Math.min(left, SLICE.toNanos())));
      } catch (StalledException e) {
        if (left <= SLICE.toNanos()) {
          throw e;
        }
      }
    }
  }

  private static Link present(@Nullable Link link) {
    if (link == null) {
      throw new IllegalStateException("a connection is missing");
    }
    return link;
  }

  /** Returns which connection it says it is, or -1 if it is none that is missing. */
  private static int joined(Link link, Session session, @Nullable Link[] links) {
    try {
      link.expect(FrameKind.JOIN, link.stall());
    } catch (IOException e) {
      return -1; // Not one of ours: anybody may connect.
    }
    var body = link.in().body();
    boolean ours = Session.take(body).equals(session);
    int number = body.getInt();
    return ours && number >= 0 && number < links.length && links[number] == null ? number : -1;
  }

  List<Link> all() {
    return links;
  }

  /** Returns those for devices, in the order of the devices; none if they share the first connection. */
  List<Link> forDevices(int devices) {
    return links.subList(0, devices);
  }

  /** Returns those for memory; none if it takes the first connection. */
  List<Link> forMemory(int devices) {
    return links.subList(devices, links.size());
  }

  @Override
  public void close() {
    links.forEach(Link::close);
  }
}
