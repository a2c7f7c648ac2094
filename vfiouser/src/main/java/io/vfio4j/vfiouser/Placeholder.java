// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

/** Keeps the package from being empty until its first class is here. */
final class Placeholder {
  private Placeholder() {}
}
