// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.report;

/**
 * A check of one requirement.
 *
 * @param group its group
 * @param name its name within the group, as in {@code RUNNING > STOP}; stable between releases
 * @param requirement what is required, in a sentence
 * @param reference the text that specifies it: a header and a name in it, or a section of a specification
 * @param isDangerous whether it may harm the system that the device is part of
 */
public record Check(CheckGroup group, String name, String requirement, String reference,
    boolean isDangerous) {

  /**
   * Returns group and name, as in {@code transitions/RUNNING > STOP}: unique, and stable between releases.
   */
  public String id() {
    return group.id() + "/" + name;
  }
}
