@NullMarked
package io.vfio4j.engine.device;

import org.jspecify.annotations.NullMarked;
