// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What both sides of a migration have, side by side, and whether it would go by that. A migration refuses by the same,
 * before a device is touched.
 *
 * @param sides what is about the sides as a whole
 * @param devices the devices that belong together, in their order
 * @param memory the regions of memory that belong together, the source's in their order first
 */
public record Comparison(List<Property> sides, List<Pair> devices, List<Pair> memory) {

  /** What no comparison can tell, for people. */
  public static final String CAVEAT =
      "Beyond the layout, where both devices report one, whether a device accepts the state of the other is known only "
          + "when it leaves RESUMING: that state is the devices' own matter.";

  /** What is to be made of a property. */
  public enum Verdict {
    /** Both sides say the same. */
    SAME,
    /** They do not, or one does not say it, and a migration goes all the same. */
    FINE,
    /** A migration is refused for it. */
    REFUSED
  }

  /**
   * One thing that is compared.
   *
   * @param name a word for it, as in {@code ids}
   * @param source what the source says, for people
   * @param target what the target says, for people
   * @param verdict what is to be made of it
   * @param reason why it is refused, a sentence; empty where it is not
   */
  public record Property(String name, String source, String target, Verdict verdict, String reason) {

    public static Property refused(String name, String source, String target, String reason) {
      return new Property(name, source, target, Verdict.REFUSED, reason);
    }

    /** Makes one for which nothing is refused. */
    public static Property informative(String name, String source, String target) {
      return new Property(name, source, target, source.equals(target) ? Verdict.SAME : Verdict.FINE, "");
    }

    /** Makes one of which somebody else knows whether it is refused. */
    public static Property checked(String name, String source, String target, Optional<String> complaint) {
      return complaint.isPresent()
          ? refused(name, source, target, complaint.get())
          : informative(name, source, target);
    }
  }

  /**
   * Two devices, or two regions, that belong together.
   *
   * @param source the source's name for its own; empty if it has none
   * @param target the target's name for its own; empty if it has none
   * @param properties what is compared of them
   */
  public record Pair(Optional<String> source, Optional<String> target, List<Property> properties) {

    /** Copies the list. */
    public Pair {
      properties = List.copyOf(properties);
    }
  }

  /** Copies the lists. */
  public Comparison {
    sides = List.copyOf(sides);
    devices = List.copyOf(devices);
    memory = List.copyOf(memory);
  }

  /** Tells whether a migration would go, as far as that can be told. */
  public boolean isAccepted() {
    return objections().isEmpty();
  }

  /** Returns why it is refused, a sentence for each reason; none if it is not. */
  public List<String> objections() {
    return Stream.concat(sides.stream(),
        Stream.concat(devices.stream(), memory.stream()).flatMap(pair -> pair.properties().stream()))
        .filter(property -> property.verdict() == Verdict.REFUSED).map(Property::reason).toList();
  }

  /** Returns the same with something that the target has against it and that is not a matter of comparing. */
  public Comparison withObjection(String words) {
    List<Property> more = new ArrayList<>(sides);
    more.add(Property.refused("objection", "", words, "the target refuses: " + words));
    return new Comparison(more, devices, memory);
  }
}
