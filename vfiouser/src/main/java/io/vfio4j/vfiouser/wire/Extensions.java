// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import java.util.Collection;
import java.util.EnumSet;
import java.util.Set;

/**
 * The extensions requested or granted in a VERSION message.
 *
 * @param isVfio4j whether the message has the capability {@code "vfio4j"} at all
 * @param flags the extensions whose flag is true
 */
public record Extensions(boolean isVfio4j, Set<Extension> flags) {

  /** Those of a peer that is not vfio4j. */
  public static final Extensions NONE = new Extensions(false, Set.of());

  public Extensions {
    flags = Set.copyOf(flags);
  }

  public boolean has(Extension extension) {
    return flags.contains(extension);
  }

  /** Returns these without some. */
  public Extensions without(Collection<Extension> refused) {
    EnumSet<Extension> left = EnumSet.noneOf(Extension.class);
    left.addAll(flags);
    left.removeAll(refused);
    return new Extensions(isVfio4j, left);
  }
}
