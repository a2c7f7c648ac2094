// SPDX-License-Identifier: Apache-2.0
/**
 * Native access for modules that are loaded on demand. Exported to the commands only, since any caller can
 * grant it.
 */
@NullMarked
package io.vfio4j.linux.modules;

import org.jspecify.annotations.NullMarked;
