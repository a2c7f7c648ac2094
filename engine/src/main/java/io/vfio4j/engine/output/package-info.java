@NullMarked
package io.vfio4j.engine.output;

import org.jspecify.annotations.NullMarked;
