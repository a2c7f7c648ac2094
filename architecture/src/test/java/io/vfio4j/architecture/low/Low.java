// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.architecture.low;

import io.vfio4j.architecture.high.High;

/** Uses a package above its own, so that a test can see the rule fire. */
public record Low(High wrong) {
}
