// SPDX-License-Identifier: Apache-2.0
/**
 * The operations that checks share. This package does not depend on the checks; see
 * {@link io.vfio4j.conformance.harness.CheckIds}.
 */
@NullMarked
package io.vfio4j.conformance.harness;

import org.jspecify.annotations.NullMarked;
