// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.architecture.high;

import io.vfio4j.architecture.low.Low;
import java.util.List;

/** Uses the package below it. */
public record High(List<Low> right) {
}
