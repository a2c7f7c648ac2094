// SPDX-License-Identifier: Apache-2.0
/** Policies, which decide when to switch over. */
@NullMarked
package io.vfio4j.engine.policy;

import org.jspecify.annotations.NullMarked;
