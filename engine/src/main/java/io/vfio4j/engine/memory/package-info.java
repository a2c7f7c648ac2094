@NullMarked
package io.vfio4j.engine.memory;

import org.jspecify.annotations.NullMarked;
